import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceCodec, type ReferenceAnyValue, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import { createReferenceColumns, type ReferenceColumns } from "../../test/support/reference-columns.ts";
import { errorEvidenceOf, statedEvidenceOf, toldEvidence } from "../core/span-error-evidence.ts";
import { SPAN_COLUMN, SPAN_STRIDE } from "../core/span-columns.ts";
import { FailureTextReader } from "./failure-texts.ts";
import { SpanShapes } from "./span-shapes.ts";

const codec = referenceCodec("ExportTraceServiceRequest");

/** What a failed span says of its own. */
interface Told {
  readonly message?: string;
  readonly events: { readonly name: string; readonly attributes: ReferenceKeyValue[] }[];
}

function requestOf(spans: readonly Told[]): Uint8Array {
  const failed = spans.map(({ message, events }, index) => ({
    traceId: Buffer.alloc(16, index + 1),
    spanId: Buffer.alloc(8, index + 1),
    name: "chat m",
    kind: 3,
    startTimeUnixNano: "1764000000000000000",
    endTimeUnixNano: "1764000001000000000",
    attributes: [{ key: "error.type", value: { stringValue: "Error" } }],
    status: { code: 2, ...(message === undefined ? {} : { message }) },
    events: events.map((event) => ({ timeUnixNano: `176400000${index}000000000`, ...event })),
  }));
  return codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: [{ scope: { name: "s" }, spans: failed }] }] })).finish();
}

const columnsReader = createReferenceColumns(new SpanShapes());

/** A shape is known from the second span on. */
function columnsOf(body: Uint8Array): ReferenceColumns {
  columnsReader.read(body);
  const read = columnsReader.read(body);
  if (read === null) throw new Error("a span was refused");
  return read;
}

const LONG = "Rate limit reached for the model, please try again in 20s, or ask for more. ".repeat(3);
const WORDS = ["", "\0", "a\0", "Timeout", "é", LONG, `${LONG}!`, LONG.replace("20s", "21s"), "x".repeat(20_000)];
const KEYS = ["exception.type", "exception.message", "exception.stacktrace", "error.type", "error", "error.code", "status_code", "user.id"];
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...WORDS).map((stringValue): ReferenceAnyValue => ({ stringValue })) },
  fc.integer({ min: 0, max: 600 }).map((intValue): ReferenceAnyValue => ({ intValue })),
  fc.constantFrom<ReferenceAnyValue[]>({}, { boolValue: true }, { arrayValue: { values: [{ stringValue: "Timeout" }] } }),
);
const told: fc.Arbitrary<Told> = fc.record(
  {
    message: fc.constantFrom(...WORDS),
    events: fc.array(
      fc.record({
        name: fc.constantFrom("exception", "exception", "", "\0"),
        attributes: fc.array(fc.record({ key: fc.constantFrom(...KEYS), value }), { maxLength: 5 }),
      }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ["events"] },
);

describe("the texts of a span that failed", () => {
  test("say of its failure what the span says, whether they came before or not", () => {
    const reader = new FailureTextReader();
    let [read, repeated] = [0, 0];
    fc.assert(
      fc.property(fc.array(told, { minLength: 2, maxLength: 6 }), (spans) => {
        const body = requestOf(spans);
        const { columns, scan } = columnsOf(body);
        reader.begin(body, columns);
        for (const [index, span] of scan.spans.entries()) {
          if (columns.spans[index * SPAN_STRIDE + SPAN_COLUMN.ownTexts] !== 1) continue;
          const texts = reader.read(index);
          if (texts === null) throw new Error("too many");
          expect(toldEvidence(statedEvidenceOf(span.attributes, undefined), texts)).toEqual(errorEvidenceOf(span));
          read += 1;
          if (texts.repeats === true) repeated += 1;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(repeated).toBeGreaterThan(read / 20);
    expect(repeated).toBeLessThan(read / 1.1);
  });

  test("are one object from the second time on, whatever their times and stacks are, and not where a character differs", () => {
    const reader = new FailureTextReader();
    const read = (message: string, stack: string): unknown => {
      const attributes = [
        { key: "exception.message", value: { stringValue: message } },
        { key: "exception.stacktrace", value: { stringValue: stack } },
      ];
      const body = requestOf([{ message, events: [{ name: "exception", attributes }] }]);
      reader.begin(body, columnsOf(body).columns);
      return reader.read(0);
    };
    const first = read(LONG, "at a");
    const kept = read(LONG, "at b");
    expect(kept).not.toBe(first);
    expect(read(LONG, "at c")).toBe(kept);
    expect(read(LONG.replace("20s", "21s"), "at c")).not.toBe(kept);
    expect(kept).toEqual({ statusMessage: LONG, events: [{ attributes: { "exception.message": LONG } }], repeats: true });
  });

  test("are not read where there are too many events", () => {
    const body = requestOf([{ events: Array.from({ length: 40 }, () => ({ name: "exception", attributes: [] })) }]);
    const reader = new FailureTextReader();
    reader.begin(body, columnsOf(body).columns);
    expect(reader.read(0)).toBeNull();
  });

  test("are not kept where none comes again", () => {
    const reader = new FailureTextReader();
    for (const turn of [0, 1]) {
      const body = requestOf(Array.from({ length: 255 }, (_, index) => ({ message: `${turn} ${index} failed`, events: [] })));
      reader.begin(body, columnsOf(body).columns);
      for (let index = 0; index < 255; index += 1) expect(reader.read(index)?.repeats).toBe(false);
    }
  });
});
