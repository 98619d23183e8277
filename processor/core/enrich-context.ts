import type { ModelEndpointRow } from "./model-endpoint.ts";
import type { PriceBook } from "./price-book.ts";
import type { TraceMemory } from "./trace-memory.ts";

/** What enrichment needs besides the spans. Everything that lasts longer than a batch is in `memory`, which its owner bounds. */
export interface EnrichContext {
  readonly prices: PriceBook;
  readonly memory: TraceMemory;
  /** Wall clock of this batch, by which old traces are forgotten; without it only their number bounds the memory. */
  readonly nowMs?: number;
  /** true: the batch holds whole traces, so an HTTP call that no GenAI span stands for becomes a model call at once. */
  readonly settled?: boolean;
  /** The user's own model endpoints, tried before the table. */
  readonly endpoints?: readonly ModelEndpointRow[];
  /** Called once per GenAI span whose emitter no table knows: it was read by the convention. */
  readonly onUnknownDialect?: (scopeName: string) => void;
  /**
   * Called with the index of every HTTP request to a model that no GenAI span stands for so far (not when `settled`). Hold
   * the span in `createUnclaimedCalls`, which gives it out as a model call when its trace has settled.
   */
  readonly onUnclaimedRequest?: (index: number) => void;
}
