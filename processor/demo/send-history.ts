import { gzipSync } from "node:zlib";
import { demoWeek } from "./history.ts";

export interface HistorySending {
  readonly otlpUrl: string;
  readonly days: number;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Requests under way at once: enough to keep the gateway busy, few enough to stay far from its limits. */
const REQUESTS_AT_ONCE = 4;
const ATTEMPTS_MAX = 20;
const BACKOFF_MS = 250;

/**
 * Sends an invented but believable past through the same door as everything else: OTLP/JSON over HTTP, gzip. The spans are
 * as instrumentations emit them; what the gateway adds is not in them.
 */
export async function sendHistory({ otlpUrl, days, nowMs, signal, say }: HistorySending): Promise<{ spans: number }> {
  let spans = 0;
  const requests = demoWeek({ nowMs, days });
  const send = async (): Promise<void> => {
    for (const { request, spans: count } of requests) {
      signal.throwIfAborted();
      await post(`${otlpUrl}/v1/traces`, gzipSync(JSON.stringify(request), { level: 1 }), signal);
      spans += count;
      say(`${spans.toLocaleString("en")} spans`);
    }
  };
  // One generator feeds several loops: each takes the next request when it is free.
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, send));
  return { spans };
}

async function post(url: string, body: Buffer, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: new Uint8Array(body),
      signal,
    });
    const text = await response.text();
    if (response.ok) return;
    const passing = response.status === 429 || response.status === 503;
    if (!passing || attempt === ATTEMPTS_MAX)
      throw new Error(`the gateway refused the history: HTTP ${response.status} ${text.slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, BACKOFF_MS * attempt));
  }
}
