import { OWN_KEYS } from "../../processor/core/attributes.ts";
import {
  FAR_PARENT,
  ID_STRIDE,
  ID_WORD,
  MARK_COLUMN,
  MARK_STRIDE,
  MESSAGE_COLUMN,
  MESSAGE_STRIDE,
  NO_PARENT,
  SPAN_COLUMN,
  SPAN_STRIDE,
  TRACE_COLUMN,
  TRACE_STRIDE,
  type ColumnShape,
  type SpanColumns,
} from "../../processor/core/span-columns.ts";
import type { SpanShape } from "../../processor/core/span-shape.ts";
import { STATUS, type Attributes } from "../../processor/core/span.ts";
import { ANY_VALUE } from "../../processor/otlp/any-value.ts";
import type { RequestScan } from "../../processor/otlp/request-scan.ts";
import { SCAN_KEYS } from "../../processor/otlp/scan-keys.ts";
import { scanRequest } from "../../processor/otlp/scan-request.ts";
import type { ScannedSpan } from "../../processor/otlp/scanned-span.ts";
import { SPAN } from "../../processor/otlp/span-fields.ts";
import type { SpanShapes } from "../../processor/otlp/span-shapes.ts";

export interface ReferenceColumns {
  readonly columns: SpanColumns;
  /** What the columns were made of: its spans are the columns' by index. */
  readonly scan: RequestScan;
}

export interface ReferenceColumnsReader {
  /** The columns of a request; null where one of its spans is refused. A shape is known from the second span of its kind on. */
  read(body: Uint8Array): ReferenceColumns | null;
  /** The columns of some spans of a scan, in any order, as if they alone had come. */
  pick(scan: RequestScan, spans: readonly ScannedSpan[]): SpanColumns;
}

/** Fields of Span that are known to the scan; a later version's may say anything. */
const FIELD_MAX = 16;

/**
 * The columns of spans by the ordinary scan: what any quicker way to them has to equal, except that it may recognise fewer.
 * `shapes` is what the scan knows of them.
 */
export function createReferenceColumns(shapes: SpanShapes): ReferenceColumnsReader {
  const known = new Map<SpanShape, number>();
  const columnShapes: ColumnShape[] = [];
  const shapeIndex = (span: ScannedSpan, scan: RequestScan): number => {
    const { shape } = span;
    if (shape === null || !isRecognisable(span, scan)) return -1;
    const before = known.get(shape);
    if (before !== undefined) return before;
    known.set(shape, columnShapes.length);
    return columnShapes.push(columnShapeOf(span, shape)) - 1;
  };
  const columnsOf = (scan: RequestScan, spans: readonly ScannedSpan[]): SpanColumns => {
    const numbers: number[] = [];
    const marks: number[] = [];
    const rows = new Int32Array(spans.length * SPAN_STRIDE);
    const resourceOf = resourceIndexes(scan);
    for (const [index, span] of spans.entries()) {
      const shape = shapeIndex(span, scan);
      const set = (column: number, value: number): void => void (rows[index * SPAN_STRIDE + column] = value);
      set(SPAN_COLUMN.shape, shape);
      set(SPAN_COLUMN.message, span.region);
      set(SPAN_COLUMN.resource, resourceOf(span.region));
      set(SPAN_COLUMN.firstNumber, numbers.length);
      set(SPAN_COLUMN.firstMark, marks.length / MARK_STRIDE);
      if (shape >= 0) addValues(span, scan, { numbers, marks });
      set(SPAN_COLUMN.ownTexts, shape >= 0 && (span.hasEvents || span.hasStatusMessage) ? 1 : 0);
      set(SPAN_COLUMN.endMark, marks.length / MARK_STRIDE);
    }
    const traces = linkTraces(spans, rows);
    return {
      spanCount: spans.length,
      traceCount: traces.length / TRACE_STRIDE,
      messageCount: scan.regions.count,
      spans: rows,
      ids: idsOf(spans),
      traces,
      numbers: Float64Array.from(numbers),
      marks: Int32Array.from(marks),
      messages: messagesOf(scan),
      shapes: columnShapes,
      resources: resourcesOf(scan, resourceOf),
    };
  };
  return {
    read(body) {
      const scan = scanRequest(body, SCAN_KEYS, { shapes });
      return scan.rejected.length > 0 ? null : { scan, columns: columnsOf(scan, scan.spans) };
    },
    pick: columnsOf,
  };
}

function columnShapeOf(span: ScannedSpan, shape: SpanShape): ColumnShape {
  const { name, kind, statusCode, scopeName, scopeVersion, attributes } = span;
  return { shape, name, kind, statusCode, scopeName, scopeVersion, attributes };
}

/** Nothing about it that columns do not hold: no events or status message but of a failure, no links, no unknown field, no end before its start, no enrichment. */
function isRecognisable(span: ScannedSpan, { reader, regions, marks }: RequestScan): boolean {
  if ((span.hasEvents || span.hasStatusMessage) && span.statusCode !== STATUS.error) return false;
  for (let mark = span.firstMark; mark < span.endMark; mark++) {
    if (OWN_KEYS.includes(marks.key(mark)?.key ?? "") || marks.valueEnd(mark) !== marks.end(mark)) return false;
  }
  const end = regions.end(span.region);
  let [startNanos, endNanos] = [0n, 0n];
  for (reader.position = regions.start(span.region); reader.position < end;) {
    const tag = reader.tag(end);
    if (tag === SPAN.links || tag >>> 3 > FIELD_MAX) return false;
    if (tag === SPAN.start) startNanos = reader.view.getBigUint64(reader.position, true);
    if (tag === SPAN.end) endNanos = reader.view.getBigUint64(reader.position, true);
    reader.skip(tag, end);
  }
  return endNanos >= startNanos;
}

/** The doubles and the places of what may be replaced of one span, behind those of the spans before it. */
function addValues(
  span: ScannedSpan,
  { marks: all, reader }: RequestScan,
  { numbers, marks }: { readonly numbers: number[]; readonly marks: number[] },
): void {
  numbers.push(span.startMs, span.endMs);
  let numeric = 0;
  for (let mark = span.firstMark; mark < span.endMark; mark++) {
    const facts = all.key(mark);
    const valueStart = all.valueStart(mark);
    const type = reader.bytes[valueStart] ?? 0;
    const isNumber = facts?.shaping === "value" && valueStart >= 0 && (type === ANY_VALUE.int || type === ANY_VALUE.double);
    const number = isNumber ? numbers.push(span.numberAt(numeric++)) - 1 : -1;
    if (facts === undefined || facts.writtenIndex < 0) continue;
    const row = new Int32Array(MARK_STRIDE);
    row[MARK_COLUMN.writtenIndex] = facts.writtenIndex;
    row[MARK_COLUMN.start] = all.start(mark);
    row[MARK_COLUMN.valueStart] = valueStart;
    row[MARK_COLUMN.end] = all.end(mark);
    row[MARK_COLUMN.number] = number;
    marks.push(...row);
  }
}

/** Fills in each span's trace, parent and next; answers the traces in the order in which they come. */
function linkTraces(spans: readonly ScannedSpan[], rows: Int32Array): Int32Array {
  const traces: number[] = [];
  const traceIndex = new Map<string, number>();
  const byId = new Map<string, number>();
  for (const [index, { traceId, spanId }] of spans.entries()) {
    const trace = traceIndex.get(traceId) ?? traceIndex.size;
    const at = trace * TRACE_STRIDE;
    if (trace === traceIndex.size) {
      traceIndex.set(traceId, trace);
      traces.push(index, index, 0, 0);
    } else rows[(traces[at + TRACE_COLUMN.last] ?? 0) * SPAN_STRIDE + SPAN_COLUMN.next] = index;
    traces[at + TRACE_COLUMN.last] = index;
    traces[at + TRACE_COLUMN.spans] = (traces[at + TRACE_COLUMN.spans] ?? 0) + 1;
    if (rows[index * SPAN_STRIDE + SPAN_COLUMN.shape] === -1)
      traces[at + TRACE_COLUMN.unrecognised] = (traces[at + TRACE_COLUMN.unrecognised] ?? 0) + 1;
    rows[index * SPAN_STRIDE + SPAN_COLUMN.trace] = trace;
    rows[index * SPAN_STRIDE + SPAN_COLUMN.next] = -1;
    if (!byId.has(`${traceId} ${spanId}`)) byId.set(`${traceId} ${spanId}`, index);
  }
  for (const [index, { traceId, parentSpanId }] of spans.entries()) {
    const parent = parentSpanId === "" ? NO_PARENT : (byId.get(`${traceId} ${parentSpanId}`) ?? FAR_PARENT);
    rows[index * SPAN_STRIDE + SPAN_COLUMN.parent] = parent;
  }
  return Int32Array.from(traces);
}

function idsOf(spans: readonly ScannedSpan[]): Int32Array {
  const ids = new Int32Array(spans.length * ID_STRIDE);
  for (const [index, { traceId, spanId, parentSpanId }] of spans.entries()) {
    const at = index * ID_STRIDE;
    putWords(ids, at + ID_WORD.trace, traceId);
    putWords(ids, at + ID_WORD.span, spanId);
    putWords(ids, at + ID_WORD.parent, parentSpanId);
  }
  return ids;
}

function putWords(ids: Int32Array, at: number, hex: string): void {
  const bytes = Buffer.from(hex, "hex");
  for (let word = 0; word < bytes.length / 4; word++) ids[at + word] = bytes.readInt32LE(word * 4);
}

function messagesOf({ regions }: RequestScan): Int32Array {
  const messages = new Int32Array(regions.count * MESSAGE_STRIDE);
  for (let region = 0; region < regions.count; region++) {
    const at = region * MESSAGE_STRIDE;
    messages[at + MESSAGE_COLUMN.tagStart] = regions.tagStart(region);
    messages[at + MESSAGE_COLUMN.lengthStart] = regions.lengthStart(region);
    messages[at + MESSAGE_COLUMN.start] = regions.start(region);
    messages[at + MESSAGE_COLUMN.end] = regions.end(region);
    messages[at + MESSAGE_COLUMN.parent] = regions.parent(region);
  }
  return messages;
}

/** Which of the request's ResourceSpans a message is in. */
function resourceIndexes({ regions }: RequestScan): (region: number) => number {
  const index = new Int32Array(regions.count);
  let count = 0;
  for (let region = 0; region < regions.count; region++) {
    const parent = regions.parent(region);
    index[region] = parent < 0 ? count++ : (index[parent] ?? 0);
  }
  return (region) => index[region] ?? 0;
}

function resourcesOf({ spans, regions }: RequestScan, resourceOf: (region: number) => number): Attributes[] {
  const resources: Attributes[] = [];
  for (let region = 0; region < regions.count; region++) resources[resourceOf(region)] = {};
  for (const span of spans) resources[resourceOf(span.region)] = span.resource;
  return resources;
}
