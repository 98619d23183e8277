import type { Logger } from "pino";
import type { Counter } from "prom-client";
import type { Metrics } from "../metrics.ts";

const INTERVAL_MS = 60_000;

/** One line a minute says what came and went, where something did: counts, never a line per span or request. */
export function startTrafficLog(metrics: Metrics, log: Logger): { close(): Promise<void> } {
  const counters: Readonly<Record<string, Pick<Counter, "get">>> = {
    received: metrics.receivedSpans,
    enriched: metrics.enrichedSpans,
    stored: metrics.storedSpans,
    duplicates: metrics.duplicateSpans,
    refused: metrics.refusedSpans,
    lost: metrics.lostSpans,
    requestsRefused: metrics.refusedRequests,
  };
  let before = new Map<string, number>();

  async function report(): Promise<void> {
    const now = new Map<string, number>();
    for (const [name, counter] of Object.entries(counters)) now.set(name, await totalOf(counter));
    const changed = [...now].map(([name, total]) => [name, total - (before.get(name) ?? 0)] as const).filter(([, count]) => count > 0);
    before = now;
    if (changed.length > 0) log.info(Object.fromEntries(changed), "traffic");
  }

  const timer = setInterval(() => void report(), INTERVAL_MS).unref();
  return {
    async close() {
      clearInterval(timer);
      await report();
    },
  };
}

/** Over all labels. */
async function totalOf(counter: Pick<Counter, "get">): Promise<number> {
  const { values } = await counter.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}
