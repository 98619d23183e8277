import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { appOf, chatOf, requestOf, spanOf } from "../../test/support/span-of.ts";
import { enrichBatch, type EnrichContext } from "./enrich.ts";
import type { Enrichment } from "./enrichment.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { READ_KEYS } from "./read-keys.ts";
import { STATUS, type Attributes, type AttributeValue, type Span } from "./span.ts";
import { createTraceMemory } from "./trace-memory.ts";

function context(over: Partial<EnrichContext> = {}): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 100, spansPerTraceMax: 1_000, ageMsMax: 60_000 }), ...over };
}

function withEnrichment(span: Span, enrichment: Enrichment | null): Span {
  return enrichment === null
    ? span
    : { ...span, attributes: Object.assign(Object.create(null) as Attributes, span.attributes, enrichment) };
}

/** One operation below an application's span: wrapped or not, traced once or twice, with its attempts below or beside it. */
const operation = fc.record({
  failures: fc.integer({ min: 0, max: 3 }),
  endsWell: fc.boolean(),
  wrapped: fc.boolean(),
  twice: fc.constantFrom("no", "above", "beside"),
  requests: fc.constantFrom("none", "below", "beside"),
  appLoop: fc.boolean(),
});

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

const APP = 1;
const STEP_MS = 1_000;

/** Spans in the order in which they end, as an SDK exports them. */
function spansOf(operations: readonly Operation[]): Span[] {
  let last = APP;
  const nextId = (): number => (last += 1);
  const spans = operations.flatMap((each, index) =>
    callsOf(each).flatMap((attempts, call, calls) => {
      const place = { from: index * 10 * STEP_MS + call * STEP_MS, failed: !each.endsWell || call < calls.length - 1 };
      // Every operation asks a model of its own, so that one is never a retry of another.
      return callSpans(each, { ...place, model: `model-${index}`, attempts }, nextId);
    }),
  );
  return [...spans, appOf({ id: APP, from: 0, to: operations.length * 10 * STEP_MS })].toSorted((a, b) => a.endMs - b.endMs);
}

/** Attempts of each call of an operation: all in one, or one call per attempt where the application loops. */
function callsOf({ failures, endsWell, appLoop }: Operation): number[] {
  const attempts = Math.max(1, failures + (endsWell ? 1 : 0));
  return appLoop ? Array.from({ length: attempts }, () => 1) : [attempts];
}

interface Place {
  readonly from: number;
  readonly failed: boolean;
  readonly model: string;
  readonly attempts: number;
}

function callSpans({ wrapped, twice, requests }: Operation, { from, failed, model, attempts }: Place, nextId: () => number): Span[] {
  const spans: Span[] = [];
  const to = from + 700;
  const outcome = failed ? { model, error: "RateLimitError" } : { model };
  let above = APP;
  if (wrapped) {
    const attributes = { "gen_ai.operation.name": "invoke_agent" };
    spans.push(spanOf({ id: nextId(), parent: APP, from, to: to + 20, attributes, statusCode: failed ? STATUS.error : STATUS.unset }));
    above = Number(`0x${spans[0]?.spanId}`);
  }
  const outer = twice === "no" ? above : nextId();
  if (twice !== "no") spans.push(chatOf({ id: outer, parent: above, from, to: to + 10, scopeName: "langchain", ...outcome }));
  if (twice === "above") above = outer;
  const call = nextId();
  spans.push(chatOf({ id: call, parent: above, from: from + 10, to, ...outcome }));
  if (requests === "none") return spans;
  const parent = requests === "below" ? call : above;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const at = from + 20 + attempt * 100;
    spans.push(requestOf({ id: nextId(), parent, from: at, to: at + 50, status: failed || attempt < attempts - 1 ? 429 : 200 }));
  }
  return spans;
}

function inBatches(spans: readonly Span[], cuts: readonly number[]): Span[][] {
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (spans.length + 1)), spans.length])].toSorted((a, b) => a - b);
  return edges.slice(1).map((edge, index) => spans.slice(edges[index], edge));
}

interface Totals {
  readonly calls: number;
  readonly operations: number;
  readonly failed: number;
  readonly tokens: number;
}

function totals(found: readonly (Enrichment | null)[]): Totals {
  const calls = found.filter((enrichment): enrichment is Enrichment => enrichment?.["llm_call"] === true);
  return {
    calls: calls.length,
    operations: calls.filter((call) => call["retry_of"] === undefined).length,
    failed: calls.filter((call) => call["error_category"] !== undefined).length,
    tokens: calls.reduce((sum, call) => sum + Number(call["gen_ai.usage.input_tokens"] ?? 0), 0),
  };
}

const traffic = fc.array(operation, { minLength: 1, maxLength: 4 });
const cuts = fc.array(fc.nat(200), { maxLength: 6 });

describe("enrichBatch", () => {
  test("counts each operation and each call once", () => {
    fc.assert(
      fc.property(traffic, (operations) => {
        const found = totals(enrichBatch(spansOf(operations), context({ settled: true })));
        expect(found.operations).toBe(operations.length);
        expect(found.calls).toBe(operations.flatMap(callsOf).length);
      }),
    );
  });

  test("the order of spans within a batch changes nothing", () => {
    fc.assert(
      fc.property(
        traffic.chain((operations) => {
          const spans = spansOf(operations);
          return fc.tuple(fc.constant(spans), fc.shuffledSubarray(spans, { minLength: spans.length }));
        }),
        ([spans, shuffled]) => {
          const inOrder = new Map(enrichBatch(spans, context({ settled: true })).map((found, index) => [spans[index]?.spanId, found]));
          for (const [index, found] of enrichBatch(shuffled, context({ settled: true })).entries()) {
            expect(found).toEqual(inOrder.get(shuffled[index]?.spanId));
          }
        },
      ),
    );
  });

  test("where batches are cut changes no count", () => {
    fc.assert(
      fc.property(traffic, cuts, (operations, at) => {
        const spans = spansOf(operations);
        const shared = context();
        const found = inBatches(spans, at).flatMap((batch) => enrichBatch(batch, shared));
        expect(totals(found)).toEqual(totals(enrichBatch(spans, context())));
      }),
    );
  });

  test("in whatever order spans come, no call is counted twice", () => {
    fc.assert(
      fc.property(
        traffic.chain((operations) => {
          const spans = spansOf(operations);
          return fc.tuple(fc.constant(operations), fc.shuffledSubarray(spans, { minLength: spans.length }));
        }),
        ([operations, shuffled]) => {
          const shared = context();
          const found = totals(shuffled.flatMap((span) => enrichBatch([span], shared)));
          expect(found.calls).toBeLessThanOrEqual(totals(enrichBatch(spansOf(operations), context())).calls + beside(operations));
        },
      ),
    );
  });

  test("enriching twice changes nothing", () => {
    fc.assert(
      fc.property(traffic, fc.boolean(), (operations, settled) => {
        const spans = spansOf(operations);
        const once = enrichBatch(spans, context({ settled }));
        const enriched = spans.map((span, index) => withEnrichment(span, once[index] ?? null));
        const twice = enrichBatch(enriched, context({ settled }));
        expect(enriched.map((span, index) => withEnrichment(span, twice[index] ?? null))).toEqual(enriched);
      }),
    );
  });

  test("the same spans given again are found to be the same", () => {
    fc.assert(
      fc.property(traffic, (operations) => {
        const spans = spansOf(operations);
        const shared = context();
        expect(enrichBatch(spans, shared)).toEqual(enrichBatch(spans, shared));
      }),
    );
  });
});

/** Two instrumentations side by side are known as one call only when the inner one comes first or with the other. */
function beside(operations: readonly Operation[]): number {
  return operations.reduce((sum, { twice, failures }) => sum + (twice === "beside" ? failures + 1 : 0), 0);
}

describe("whatever a span holds", () => {
  const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(
      "",
      "chat",
      "openai",
      "gpt-5.2",
      "2026-11-24T08:00:00Z",
      "{",
      "[]",
      '{"model":',
      "\u0000",
      "\uD800",
      "1e999",
      "-5",
      "NaN",
    ),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 53, -0),
  );
  const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(fc.string({ maxLength: 10 }), scalar, { maxKeys: 3 }));
  const key = fc.oneof(fc.constantFrom(...READ_KEYS), fc.constantFrom("__proto__", "constructor", "toString", ""), fc.string());
  const attributes = fc.array(fc.tuple(key, value), { maxLength: 20 }).map((entries): Attributes => {
    const all = Object.create(null) as Record<string, AttributeValue>;
    for (const [name, of] of entries) all[name] = of;
    return all;
  });
  const id = fc.oneof(fc.constantFrom("", "0000000000000001", "0000000000000002", "zz", "\uD800"), fc.string({ maxLength: 40 }));
  const time = fc.oneof(fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY, -1, 8.64e15, 1.79e12), fc.double());
  const anySpan: fc.Arbitrary<Span> = fc.record({
    traceId: id,
    spanId: id,
    parentSpanId: id,
    name: fc.oneof(fc.constantFrom("claude_code.llm_request", "raw_gen_ai_request"), fc.string()),
    kind: fc.integer({ min: -1, max: 7 }),
    startMs: time,
    endMs: time,
    statusCode: fc.integer({ min: -1, max: 3 }),
    statusMessage: fc.string({ unit: "binary" }),
    scopeName: fc.oneof(fc.constantFrom("ai", "litellm", "logfire.openai", "langfuse-sdk", "genkit-tracer", "__proto__"), fc.string()),
    scopeVersion: fc.string(),
    attributes,
    events: fc.array(fc.record({ name: fc.constantFrom("exception", "ai.stream.firstChunk"), timeMs: time, attributes }), { maxLength: 2 }),
    resource: attributes,
  });

  test("it is enriched with finite numbers and text, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 8 }), fc.boolean(), (spans, settled) => {
        for (const enrichment of enrichBatch(spans, context({ settled }))) {
          for (const found of Object.values(enrichment ?? {})) {
            expect(["string", "number", "boolean"]).toContain(typeof found);
            if (typeof found === "number") expect(Number.isFinite(found)).toBe(true);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
