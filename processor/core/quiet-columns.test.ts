import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { enrichByColumns, enrichBySpans } from "../../test/support/both-ways.ts";
import { createReferenceColumns, type ReferenceColumns } from "../../test/support/reference-columns.ts";
import { decodeJsonRequest } from "../otlp/decode-json-request.ts";
import { SpanShapes } from "../otlp/span-shapes.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { createTraceMemory } from "./trace-memory.ts";

interface Recording {
  readonly dialect: string;
  readonly case: string;
  readonly trace: object;
}

const recordings = readFileSync(fileURLToPath(new URL("../../test/fixtures/traces/recorded.jsonl", import.meta.url)), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Recording);

const bodyOf = ({ trace }: Recording): Uint8Array => decodeJsonRequest(Buffer.from(JSON.stringify(trace))).protobuf;

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
  test.each(recordings)("of $dialect, $case, are found to be what they are by themselves", (recording) => {
    const { columns, scan } = columnsOf(bodyOf(recording));
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
