import { readPriceBook } from "../cli/price.ts";
import type { Config } from "../config.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { createScopeLabels, type Metrics } from "../metrics.ts";
import type { ScanOptions } from "../otlp/scan-traces.ts";

/** A trace is remembered this long after its last span: agents pause, exporters retry. */
const TRACE_AGE_MS_MAX = 10 * 60_000;
const TRACES_MAX = 50_000;
const SPANS_PER_TRACE_MAX = 2000;

export interface RequestScan {
  readonly options: Required<Pick<ScanOptions, "context" | "captureContent">>;
  /** Filled by the scan: places of the HTTP requests to a model that no GenAI span stands for so far. */
  readonly unclaimed: readonly number[];
}

export interface Enricher {
  /** For one request: what the pure pipeline may not have itself, as it is at this moment. */
  begin(): RequestScan;
  /** Outside of a request. */
  context(): EnrichContext;
  tracesRemembered(): number;
}

const NONE: readonly number[] = [];

/**
 * Owns what outlives a request: prices and the memory of recent traces. `storesCalls` says whether there is a database in
 * which an unclaimed request can become a model call later; without one nothing is noted of it.
 */
export async function createEnricher(config: Config, metrics: Metrics, storesCalls: boolean): Promise<Enricher> {
  const prices = await readPriceBook(config.pricesFile ?? undefined);
  const memory = createTraceMemory({
    tracesMax: TRACES_MAX,
    spansPerTraceMax: SPANS_PER_TRACE_MAX,
    spansMax: config.traceMemorySpans,
    ageMsMax: TRACE_AGE_MS_MAX,
  });
  const scopeLabel = createScopeLabels();
  const onUnknownDialect = (scopeName: string): void => metrics.unknownDialectSpans.inc({ scope: scopeLabel(scopeName) });
  const context = (): EnrichContext => ({ prices, memory, nowMs: Date.now(), onUnknownDialect });
  const { captureContent } = config;
  return {
    context,
    begin() {
      if (!storesCalls) return { options: { context: context(), captureContent }, unclaimed: NONE };
      const unclaimed: number[] = [];
      const onUnclaimedRequest = (index: number): void => void unclaimed.push(index);
      return { options: { context: { ...context(), onUnclaimedRequest }, captureContent }, unclaimed };
    },
    tracesRemembered: () => memory.size,
  };
}
