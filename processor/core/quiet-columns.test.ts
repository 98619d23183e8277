import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { createReferenceColumns, type ReferenceColumns } from "../../test/support/reference-columns.ts";
import { decodeJsonRequest } from "../otlp/decode-json-request.ts";
import { SpanShapes } from "../otlp/span-shapes.ts";
import { enrichBatch } from "./enrich.ts";
import { enrichColumns } from "./enrich-columns.ts";
import type { EnrichContext } from "./enrich-context.ts";
import type { Enrichment } from "./enrichment.ts";
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

interface Enriched {
  readonly found: (Enrichment | null)[];
  readonly unread: number;
}

/** As a gateway does it: first the columns, then the spans that are left. */
function byColumns({ columns, scan }: ReferenceColumns, shared: EnrichContext): Enriched {
  const { templates, firstValue, values, unread } = enrichColumns(columns, shared);
  const found = templates.map((template, index): Enrichment | null => {
    if (template === null) return null;
    const own = template.numberKeys.map((key, offset) => [key, values[(firstValue[index] ?? 0) + offset] ?? Number.NaN]);
    return { ...template.enrichment, ...Object.fromEntries(own) };
  });
  const left = enrichBatch(
    unread.flatMap((index) => scan.spans[index] ?? []),
    shared,
  );
  for (const [place, index] of unread.entries()) found[index] = left[place] ?? null;
  return { found, unread: unread.length };
}

function plain(found: readonly (Enrichment | null)[]): unknown {
  return found.map((enrichment) => (enrichment === null ? null : { ...enrichment }));
}

describe("spans in columns", () => {
  test.each(recordings)("of $dialect, $case, are found to be what they are by themselves", (recording) => {
    const columns = columnsOf(bodyOf(recording));
    expect(plain(byColumns(columns, context()).found)).toEqual(plain(enrichBatch(columns.scan.spans, context())));
  });

  test("of the corpus, are found to be what they are by themselves", () => {
    const [shared, ordinary] = [context(), context()];
    for (let seed = 1; seed < 20; seed += 1) {
      const columns = columnsOf(corpusRequest({ spans: 100, content: false, seed }).body);
      expect(plain(byColumns(columns, shared).found)).toEqual(plain(enrichBatch(columns.scan.spans, ordinary)));
    }
  });
});
