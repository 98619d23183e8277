import { NORMALIZED, OWN } from "../core/attributes.ts";
import type { EnrichmentTemplate } from "../core/enrichment-template.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { ColumnShape } from "../core/span-columns.ts";
import type { Span } from "../core/span.ts";
import { httpStatusOf } from "../sinks/attribute-columns.ts";
import { CopyBuffer } from "../sinks/copy-buffer.ts";
import { SPAN_BLOCK_COLUMNS, TRACE_BLOCK_COLUMNS, writeSpanBlock, writeTraceBlock } from "../sinks/copy-row.ts";
import { readSpanRow, readTraceRow, type RowSourceLabels, type TraceRow } from "../sinks/postgres-row.ts";
import type { CallKind, CallWords } from "../storage/call-kinds.ts";
import { CALL_STRIDE, CALL_SUM, writeCallSums } from "../storage/call-sums.ts";

/** How a number gets into its column: as it is, as a count, from seconds. */
export const NUMBER_KIND = { amount: 0, count: 1, seconds: 2 } as const;

interface NumberColumn {
  readonly column: string;
  readonly kind: number;
  /** What it adds to the rollups; -1: nothing. */
  readonly sum: number;
}

const NUMBER_COLUMNS: ReadonlyMap<string, NumberColumn> = new Map([
  [NORMALIZED.inputTokens, { column: "input_tokens", kind: NUMBER_KIND.count, sum: CALL_SUM.input_tokens }],
  [NORMALIZED.outputTokens, { column: "output_tokens", kind: NUMBER_KIND.count, sum: CALL_SUM.output_tokens }],
  [NORMALIZED.cacheReadTokens, { column: "cache_read_input_tokens", kind: NUMBER_KIND.count, sum: CALL_SUM.cache_read_input_tokens }],
  [
    NORMALIZED.cacheWriteTokens,
    { column: "cache_creation_input_tokens", kind: NUMBER_KIND.count, sum: CALL_SUM.cache_creation_input_tokens },
  ],
  [NORMALIZED.reasoningTokens, { column: "reasoning_tokens", kind: NUMBER_KIND.count, sum: CALL_SUM.reasoning_tokens }],
  [NORMALIZED.timeToFirstChunk, { column: "ttft_ms", kind: NUMBER_KIND.seconds, sum: CALL_SUM.ttft_ms }],
  [OWN.outputTokensPerSecond, { column: "output_tokens_per_second", kind: NUMBER_KIND.amount, sum: CALL_SUM.output_tokens_per_second }],
  [OWN.cacheHitRatio, { column: "cache_hit_ratio", kind: NUMBER_KIND.amount, sum: -1 }],
  [OWN.errorRetryAfterMs, { column: "error_retry_after_ms", kind: NUMBER_KIND.amount, sum: CALL_SUM.error_retry_after_ms }],
  [OWN.costUsd, { column: "cost_usd", kind: NUMBER_KIND.amount, sum: CALL_SUM.cost_usd }],
  [OWN.costInputUsd, { column: "cost_input_usd", kind: NUMBER_KIND.amount, sum: CALL_SUM.cost_input_usd }],
  [OWN.costCacheReadUsd, { column: "cost_cache_read_usd", kind: NUMBER_KIND.amount, sum: CALL_SUM.cost_cache_read_usd }],
  [OWN.costCacheWriteUsd, { column: "cost_cache_write_usd", kind: NUMBER_KIND.amount, sum: CALL_SUM.cost_cache_write_usd }],
  [OWN.costOutputUsd, { column: "cost_output_usd", kind: NUMBER_KIND.amount, sum: CALL_SUM.cost_output_usd }],
  [OWN.costWithoutCacheUsd, { column: "cost_without_cache_usd", kind: NUMBER_KIND.amount, sum: CALL_SUM.cost_without_cache_usd }],
  [OWN.cacheSavingsUsd, { column: "cache_savings_usd", kind: NUMBER_KIND.amount, sum: CALL_SUM.cache_savings_usd }],
]);

/** Numbers in `RowPlan.numbers` for each of a span's values, and what they are. */
export const PLAN_STRIDE = 3;
export const PLAN_COLUMN = { at: 0, kind: 1, sum: 2 } as const;

/** What the rows of spans of one shape have in common, of which the same is written. */
export interface RowPlan {
  readonly shape: ColumnShape;
  readonly template: EnrichmentTemplate | null;
  /** The row's last fields, with their numbers to be filled in; null: such spans are for the ordinary way. */
  readonly block: Uint8Array | null;
  /** By value of the span: where in the block it stands, how, and what it adds. */
  readonly numbers: Int32Array;
  /** Where in the block the sum of tokens stands, and which values those are; -1: nowhere. */
  readonly total: { readonly at: number; readonly input: number; readonly output: number };
  /** That of the request that was answered; and what the type of an error says of it, which counts where the span has none of its own. */
  readonly httpStatus: number | null;
  readonly errorStatus: number | null;
  /** Where in the block the field error_message begins, which is null there; -1: a span of the kind has none, or another. */
  readonly messageAt: number;
  /** null for a row that is not counted. */
  readonly words: CallWords | null;
  /** What a call adds to the rollups, less its own numbers. */
  readonly sums: Float64Array;
  /** Which of the values says how much was read from a cache; -1: none. */
  readonly cacheRead: number;
  /** Where its last call was from, and what it was counted as. */
  lastSource: RowSourceLabels | null;
  lastKind: CallKind | null;
  /** Where it stands in a memory of plans of which age. */
  address: number;
  age: number;
}

const BLOCK_BYTES_MAX = 64 * 1024;
const MEMORY = Buffer.allocUnsafeSlow(BLOCK_BYTES_MAX);
const LENGTH_BYTES = 4;
const NO_NUMBERS = new Int32Array(0);
const NO_SUMS = new Float64Array(CALL_STRIDE);
const NO_TOTAL = { at: -1, input: -1, output: -1 } as const;
const NO_HEAD = { userId: null, httpStatus: null } as const;
/** Good for every column that has a number. */
const ANY_NUMBER = 1;
const MESSAGE_COLUMN = "error_message";

/** Made of what the ordinary way writes for such a span. */
export function planRow(shape: ColumnShape, template: EnrichmentTemplate | null): RowPlan {
  // Named, so that all plans have their fields in the same places.
  const { block, numbers, total, httpStatus, errorStatus, messageAt, words, sums, cacheRead } = planFields(shape, template);
  const fields = { block, numbers, total, httpStatus, errorStatus, messageAt, words, sums, cacheRead };
  return { shape, template, ...fields, lastSource: null, lastKind: null, address: 0, age: -1 };
}

function planFields(shape: ColumnShape, template: EnrichmentTemplate | null): PlannedFields {
  const plan: PlannedFields = {
    block: null,
    numbers: NO_NUMBERS,
    total: NO_TOTAL,
    httpStatus: null,
    errorStatus: null,
    messageAt: -1,
    words: null,
    sums: NO_SUMS,
    cacheRead: -1,
  };
  const out = new CopyBuffer(MEMORY);
  if (template === null) {
    const row = readSpanRow({ span: spanOf(shape) }, NO_HEAD);
    writeSpanBlock(out, row);
    const block = Uint8Array.from(MEMORY.subarray(0, out.length));
    return { ...plan, block, messageAt: row.failed ? nullPlace(block, SPAN_BLOCK_COLUMNS, MESSAGE_COLUMN) : -1 };
  }
  const row = readTraceRow({ span: spanOf(shape), enrichment: withAnyNumbers(template) }, NO_HEAD);
  const columns = template.numberKeys.map((key) => NUMBER_COLUMNS.get(key));
  if (columns.includes(undefined)) return plan;
  writeTraceBlock(out, row);
  const block = Uint8Array.from(MEMORY.subarray(0, out.length));
  const call = planCall(
    row,
    columns.filter((column) => column !== undefined),
    block,
  );
  // Between the two comes what the span says of itself (postgres-row.ts, statusOf).
  const answered = httpStatusOf(template.enrichment[NORMALIZED.httpStatus]);
  return { ...plan, ...call, httpStatus: answered, errorStatus: answered === null ? row.httpStatus : null };
}

const spanOf = ({ name, kind, statusCode, scopeName, scopeVersion, attributes }: ColumnShape): Span => ({
  traceId: "",
  spanId: "",
  parentSpanId: "",
  name,
  kind,
  startMs: 0,
  endMs: 0,
  statusCode,
  statusMessage: "",
  scopeName,
  scopeVersion,
  attributes,
  events: [],
  resource: {},
});

function withAnyNumbers({ enrichment, numberKeys }: EnrichmentTemplate): Enrichment {
  return { ...enrichment, ...Object.fromEntries(numberKeys.map((key) => [key, ANY_NUMBER])) };
}

type PlannedFields = Omit<RowPlan, "shape" | "template" | "lastSource" | "lastKind" | "address" | "age">;

function planCall(row: TraceRow, columns: readonly NumberColumn[], block: Uint8Array): Omit<PlannedFields, "httpStatus" | "errorStatus"> {
  const places = fieldPlaces(block, TRACE_BLOCK_COLUMNS);
  const valueOf = (column: string): number => columns.findIndex((number) => number.column === column);
  const [input, output] = [valueOf("input_tokens"), valueOf("output_tokens")];
  const sums = new Float64Array(CALL_STRIDE);
  writeCallSums(row, sums, 0);
  return {
    block,
    numbers: Int32Array.from(columns.flatMap(({ column, kind, sum }) => [places.get(column) ?? 0, kind, sum])),
    total: input < 0 || output < 0 ? NO_TOTAL : { at: places.get("total_tokens") ?? 0, input, output },
    messageAt: row.failed ? nullPlace(block, TRACE_BLOCK_COLUMNS, MESSAGE_COLUMN) : -1,
    words: row.llmCall ? row : null,
    sums,
    cacheRead: valueOf("cache_read_input_tokens"),
  };
}

/** Where the values of the fields stand that were written one after the other. */
function fieldPlaces(block: Uint8Array, columns: readonly string[]): Map<string, number> {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  const places = new Map<string, number>();
  let at = 0;
  for (const column of columns) {
    places.set(column, at + LENGTH_BYTES);
    at += LENGTH_BYTES + Math.max(0, bytes.readInt32BE(at));
  }
  return places;
}

/** Where a field begins that is null; -1 where it is not. */
function nullPlace(block: Uint8Array, columns: readonly string[], column: string): number {
  const at = (fieldPlaces(block, columns).get(column) ?? 0) - LENGTH_BYTES;
  return Buffer.from(block.buffer, block.byteOffset, block.length).readInt32BE(at) < 0 ? at : -1;
}
