import { describe, expect, test } from "vitest";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { enrichByColumns, enrichBySpans } from "../../test/support/both-ways.ts";
import { RECORDED_TRACES, toProtobuf } from "../../test/support/recorded-traces.ts";
import { createReferenceColumns, type ReferenceColumns } from "../../test/support/reference-columns.ts";
import { SpanShapes } from "../otlp/span-shapes.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { createTraceMemory } from "./trace-memory.ts";

function context(over: Partial<EnrichContext> = {}): EnrichContext {
  const memory = createTraceMemory({ tracesMax: 1_000, spansPerTraceMax: 1_000, spansMax: 10_000, ageMsMax: 60_000 });
  return { prices: DEFAULT_PRICE_BOOK, memory, ...over };
}

const reader = createReferenceColumns(new SpanShapes());

/** A shape is known from the second span on. */
function columnsOf(body: Uint8Array): ReferenceColumns {
  reader.read(body);
  const read = reader.read(body);
  if (read === null) throw new Error("a span was refused");
  return read;
}

describe("spans in columns", () => {
  test.each(RECORDED_TRACES)("of $dialect, $case, are found to be what they are by themselves", (recording) => {
    const { columns, scan } = columnsOf(toProtobuf(recording.trace));
    expect(enrichByColumns(columns, scan.spans, context()).found).toEqual(enrichBySpans(scan.spans, context()).found);
  });

  test("of the corpus, are found to be what they are by themselves", () => {
    const [shared, ordinary] = [context(), context()];
    for (let seed = 1; seed < 20; seed += 1) {
      const { columns, scan } = columnsOf(corpusRequest({ spans: 100, content: false, seed }).body);
      expect(enrichByColumns(columns, scan.spans, shared).found).toEqual(enrichBySpans(scan.spans, ordinary).found);
    }
  });
});
