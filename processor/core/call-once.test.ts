import { describe, expect, test } from "vitest";
import { appOf, chatOf, idOf, requestOf, spanOf, type SpanInput } from "../../test/support/span-of.ts";
import { enrichBatch } from "./enrich.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import type { Span } from "./span.ts";
import { createTraceMemory } from "./trace-memory.ts";

/** Ids of the spans that became calls, in whatever batches they come. */
function callsOf(...batches: readonly (readonly Span[])[]): string[] {
  const context = { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 10, spansPerTraceMax: 100, ageMsMax: 60_000 }) };
  return batches.flatMap((batch) => {
    const found = enrichBatch(batch, context);
    return batch.flatMap(({ spanId }, index) => (found[index]?.["llm_call"] === true ? [spanId] : []));
  });
}

describe("a framework that traces by callbacks, and the SDK's own span beside its outermost wrapper", () => {
  const chain = (input: SpanInput): Span =>
    spanOf({ kind: 1, scopeName: "openinference.instrumentation.langchain", attributes: { "openinference.span.kind": "CHAIN" }, ...input });
  const ofFramework = (input: SpanInput & { readonly model?: string; readonly error?: string }): Span =>
    chatOf({ scopeName: "openinference.instrumentation.langchain", ...input });
  const ofSdk = (input: SpanInput & { readonly model?: string }): Span =>
    chatOf({ scopeName: "openinference.instrumentation.openai", ...input });

  const app = appOf({ id: 1, to: 100 });
  const outer = chain({ id: 2, parent: 1, from: 1, to: 99 });
  const middle = chain({ id: 3, parent: 2, from: 2, to: 98 });
  const framework = ofFramework({ id: 4, parent: 3, from: 10, to: 95 });
  const sdk = ofSdk({ id: 5, parent: 1, from: 12, to: 93 });
  const request = requestOf({ id: 6, parent: 5, from: 14, to: 90 });

  test.each([
    ["in one batch", [[request, sdk, framework, middle, outer, app]]],
    ["as they end", [[request], [sdk], [framework], [middle], [outer], [app]]],
    ["upside down", [[app, outer, middle, framework, sdk, request]]],
  ])("one call, the SDK's: %s", (_, batches) => {
    expect(callsOf(...batches)).toEqual([idOf(5)]);
  });

  test("what was given out first stays the call", () => {
    expect(callsOf([app, outer, middle, framework], [request, sdk])).toEqual([idOf(4)]);
  });

  test("each of two at once is one", () => {
    const second = [ofFramework({ id: 14, parent: 3, from: 20, to: 80 }), ofSdk({ id: 15, parent: 1, from: 22, to: 78 })];
    expect(callsOf([request, sdk, framework, ...second, middle, outer, app])).toEqual([idOf(5), idOf(15)]);
  });

  test.each([
    ["of another model", ofSdk({ id: 7, parent: 1, from: 12, to: 93, model: "gpt-4.1" })],
    ["that ran at another time", ofSdk({ id: 7, parent: 1, from: 96, to: 99 })],
    ["of the same scope", ofFramework({ id: 7, parent: 1, from: 12, to: 93 })],
  ])("not a call %s", (_, other) => {
    expect(callsOf([framework, middle, outer, other, app]).toSorted()).toEqual([idOf(4), idOf(7)]);
  });

  test("a stream that the SDK's span does not see break is known by the framework's", () => {
    const silent = chatOf({
      id: 5,
      parent: 1,
      from: 12,
      to: 93,
      scopeName: "openinference.instrumentation.openai",
      attributes: { "gen_ai.response.finish_reasons": [], "gen_ai.usage.output_tokens": 0 },
    });
    const failed = ofFramework({ id: 4, parent: 3, from: 10, to: 95, error: "APIError", statusMessage: "The server had an error" });
    const context = { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 10, spansPerTraceMax: 100, ageMsMax: 60_000 }) };
    const [call] = enrichBatch([silent, failed, middle, outer, app], context);
    expect(call).toMatchObject({ llm_call: true, error_category: "api_error" });
  });
});
