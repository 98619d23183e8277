import { readPriceBook } from "../cli/price.ts";
import type { Config } from "../config.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { createScopeLabels, type Metrics } from "../metrics.ts";
import type { ScanOptions } from "../otlp/scan-traces.ts";

/** A trace is remembered this long after its last span: agents pause, exporters retry. */
const TRACE_AGE_MS_MAX = 10 * 60_000;
const TRACES_MAX = 50_000;
const SPANS_PER_TRACE_MAX = 2000;
/** About half a kilobyte each: this is what bounds the memory, some 40 MB. */
const SPANS_MAX = 80_000;

export interface Enricher {
  /** What the pure pipeline may not have itself, as it is at this moment. */
  scanOptions(): ScanOptions;
  tracesRemembered(): number;
}

/** Owns what outlives a request: prices and the memory of recent traces. */
export async function createEnricher(config: Config, metrics: Metrics): Promise<Enricher> {
  const prices = await readPriceBook(config.pricesFile ?? undefined);
  const memory = createTraceMemory({
    tracesMax: TRACES_MAX,
    spansPerTraceMax: SPANS_PER_TRACE_MAX,
    spansMax: SPANS_MAX,
    ageMsMax: TRACE_AGE_MS_MAX,
  });
  const scopeLabel = createScopeLabels();
  const onUnknownDialect = (scopeName: string): void => metrics.unknownDialectSpans.inc({ scope: scopeLabel(scopeName) });
  return {
    scanOptions: () => ({ context: { prices, memory, nowMs: Date.now(), onUnknownDialect }, captureContent: config.captureContent }),
    tracesRemembered: () => memory.size,
  };
}
