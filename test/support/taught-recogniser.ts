import { OWN_KEYS } from "../../processor/core/attributes.ts";
import { type ColumnShape, MARK_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../../processor/core/span-columns.ts";
import { STATUS } from "../../processor/core/span.ts";
import type { SpanRecogniser } from "../../processor/kernel/span-recogniser.ts";
import type { RequestScan } from "../../processor/otlp/request-scan.ts";
import { SCAN_KEYS } from "../../processor/otlp/scan-keys.ts";
import { scanRequest } from "../../processor/otlp/scan-request.ts";
import type { ScannedSpan } from "../../processor/otlp/scanned-span.ts";
import { SPAN } from "../../processor/otlp/span-fields.ts";
import { SpanShapes } from "../../processor/otlp/span-shapes.ts";
import { MalformedError } from "../../processor/otlp/wire-reader.ts";

/** How a recogniser took one request, beside the ordinary scan. */
export interface Taken {
  /** null: declined. */
  readonly columns: SpanColumns | null;
  readonly recognised: number;
  /** Of them, those that were known to the ordinary scan and had been taught. */
  readonly expected: number;
  /** What is wrong, in words; nothing should be. */
  readonly faults: readonly string[];
}

export interface TaughtRecogniser {
  /** Lets it recognise a request, compares, and teaches what it did not know and the ordinary scan did. */
  take(body: Uint8Array): Taken;
}

const FLAGS_FIELD = 16;

/** A recogniser that is taught by the ordinary scan and held against it, span by span. */
export function taughtRecogniser(recogniser: SpanRecogniser): TaughtRecogniser {
  const shapes = new SpanShapes();
  const essences = new Map<ColumnShape, string>();
  const taught = new Set<string>();
  return {
    take(body) {
      const scan = scanOf(body, shapes);
      const columns = recogniser.recognise(body);
      if (columns === null) return { columns, recognised: 0, expected: 0, faults: [] };
      if (scan === null) return { columns, recognised: 0, expected: 0, faults: ["recognised what is malformed"] };
      const faults: string[] = [];
      let recognised = 0;
      let expected = 0;
      const spans = new Map(scan.spans.map((span) => [span.region, span]));
      const known = new Set(taught);
      for (let index = 0; index < columns.spanCount; index++) {
        const row = columns.spans.subarray(index * SPAN_STRIDE, (index + 1) * SPAN_STRIDE);
        const span = spans.get(row[SPAN_COLUMN.message] ?? -1);
        const essence = span === undefined ? null : essenceOf(span, scan);
        if (essence !== null && known.has(essence)) expected++;
        const shape = columns.shapes[row[SPAN_COLUMN.shape] ?? -1];
        if (shape !== undefined) {
          recognised++;
          faults.push(...differences(columns, row, { span, scan, same: essence === essences.get(shape) }));
        } else if (span !== undefined && essence !== null && span.shape !== null) {
          const columnShape = columnShapeOf(span, span.shape);
          essences.set(columnShape, essence);
          taught.add(essence);
          recogniser.teach(index, columnShape);
        }
      }
      return { columns, recognised, expected, faults };
    },
  };
}

function scanOf(body: Uint8Array, shapes: SpanShapes): RequestScan | null {
  try {
    return scanRequest(body, SCAN_KEYS, { shapes });
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

function columnShapeOf(span: ScannedSpan, shape: ColumnShape["shape"]): ColumnShape {
  const { name, kind, statusCode, scopeName, scopeVersion, attributes } = span;
  return { shape, name, kind, statusCode, scopeName, scopeVersion, attributes };
}

/** Numbers, marks and ids of a recognised span that are not those of the ordinary scan. */
function differences(
  columns: SpanColumns,
  row: Int32Array,
  { span, scan, same }: { readonly span: ScannedSpan | undefined; readonly scan: RequestScan; readonly same: boolean },
): string[] {
  if (span === undefined) return ["recognised what is refused"];
  const faults = same ? [] : ["recognised as another shape"];
  if ((row[SPAN_COLUMN.ownTexts] === 1) !== (span.hasEvents || span.hasStatusMessage)) faults.push("texts of its own");
  const first = row[SPAN_COLUMN.firstNumber] ?? 0;
  const { numbers, marks } = expectedValues(span, scan, first);
  const actual = columns.numbers.subarray(first, first + numbers.length);
  if (numbers.some((number, index) => !Object.is(number, actual[index]))) faults.push(`numbers: ${numbers.join()} are ${actual.join()}`);
  const [firstMark = 0, endMark = 0] = [row[SPAN_COLUMN.firstMark], row[SPAN_COLUMN.endMark]];
  const actualMarks = columns.marks.subarray(firstMark * MARK_STRIDE, endMark * MARK_STRIDE).join();
  if (marks.join() !== actualMarks) faults.push(`marks: ${marks.join()} are ${actualMarks}`);
  return faults;
}

function expectedValues(span: ScannedSpan, { marks, reader }: RequestScan, first: number): { numbers: number[]; marks: number[] } {
  const numbers = [span.startMs, span.endMs];
  const rows: number[] = [];
  for (let index = span.firstMark; index < span.endMark; index++) {
    const facts = marks.key(index);
    const start = marks.valueStart(index);
    const isNumber = facts?.shaping === "value" && (reader.bytes[start] === 0x18 || reader.bytes[start] === 0x21);
    const number = isNumber ? first + numbers.push(span.numberAt(numbers.length - 2)) - 1 : -1;
    if (facts !== undefined && facts.writtenIndex >= 0) rows.push(facts.writtenIndex, marks.start(index), start, marks.end(index), number);
  }
  return { numbers, marks: rows };
}

/**
 * All that a span's shape depends on, as a text; null where something else about it counts. Read off the bytes once more, so
 * that two spans are told apart by other means than by the shapes that are compared.
 */
function essenceOf(span: ScannedSpan, { marks, reader, regions }: RequestScan): string | null {
  const { name, kind, statusCode, scopeName, scopeVersion, hasEvents, hasStatusMessage } = span;
  if (((hasEvents || hasStatusMessage) && statusCode !== STATUS.error) || hasOtherFields(span, { reader, regions })) return null;
  const parts: string[] = [];
  for (let index = span.firstMark; index < span.endMark; index++) {
    const facts = marks.key(index);
    if (facts === undefined || facts.shaping === "none") continue;
    if (OWN_KEYS.includes(facts.key)) return null;
    const value = reader.bytes.subarray(marks.valueStart(index), marks.valueEnd(index));
    // Of a list, bytes or nothing nobody can say whether it is there.
    if (facts.shaping === "presence" && (value[0] ?? 0xff) > 0x21) return null;
    const isNumber = facts.shaping === "value" && (value[0] === 0x18 || value[0] === 0x21);
    parts.push(`${facts.key}=${facts.shaping === "presence" ? "" : isNumber ? "#" : value.toString("hex")}`);
  }
  return JSON.stringify([name, kind, statusCode, scopeName, scopeVersion, parts]);
}

/** Links, fields of a later version, an end before the start. */
function hasOtherFields({ region }: ScannedSpan, { reader, regions }: Pick<RequestScan, "reader" | "regions">): boolean {
  const end = regions.end(region);
  let [startNanos, endNanos] = [0n, 0n];
  for (reader.position = regions.start(region); reader.position < end;) {
    const tag = reader.tag(end);
    if (tag === SPAN.links || tag >>> 3 > FLAGS_FIELD) return true;
    if (tag === SPAN.start) startNanos = reader.view.getBigUint64(reader.position, true);
    if (tag === SPAN.end) endNanos = reader.view.getBigUint64(reader.position, true);
    reader.skip(tag, end);
  }
  return endNanos < startNanos;
}
