import fc from "fast-check";
import { expect, test } from "vitest";
import { NORMALIZED } from "./attributes.ts";
import { DEFAULT_PRICE_BOOK, priceBookWith } from "./price-book.ts";
import { priceCall } from "./price-call.ts";
import { createModellessUsage, priceShaped } from "./shaped-usage.ts";
import type { Attributes, Span } from "./span.ts";

const KEYS = [
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.cache_write.input_tokens",
  "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
  NORMALIZED.reasoningTokens,
];

// Prices by the day, by the hour and by the input; none for writes that live long; none at all.
const MODELS: readonly (readonly [provider: string, model: string])[] = [
  ["openai", "gpt-5.2"],
  ["openai", "gpt-4o-audio-preview"],
  ["anthropic", "claude-sonnet-4-5"],
  ["gcp.gemini", "gemini-2.5-pro"],
  ["deepseek", "deepseek-chat"],
  ["alibaba_cloud", "qwen-plus"],
  ["openai", "dated"],
  ["openai", "nobody-knows-it"],
];

const BOOKS = [
  DEFAULT_PRICE_BOOK,
  priceBookWith({
    date: "2026-11-24",
    models: [
      { provider: "openai", model: "dated", input: 1, output: 2, since: "2026-11-18" },
      { provider: "openai", model: "dated", input: 3, longContext: { above: 1_000, input: 5 }, since: "2026-11-19" },
    ],
  }),
];

const counts = fc.tuple(...KEYS.map(() => fc.oneof(fc.constant(0), fc.nat(3_000), fc.nat(400_000), fc.constantFrom(-1, 0.5, Number.NaN))));
const times = fc.date({ min: new Date("2026-11-17"), max: new Date("2026-11-20"), noInvalidDate: true }).map(Number);
const calls = fc.array(fc.record({ counts, startMs: times, book: fc.constantFrom(...BOOKS) }), { minLength: 2, maxLength: 12 });

function spanOf(attributes: Attributes, numbers: readonly number[], startMs: number): Span {
  return {
    traceId: "00000000000000000000000000000001",
    spanId: "0000000000000001",
    parentSpanId: "",
    name: "chat",
    kind: 3,
    startMs,
    endMs: startMs + 1_000,
    statusCode: 0,
    statusMessage: "",
    scopeName: "opentelemetry.instrumentation.openai_v2",
    scopeVersion: "2.4b0",
    attributes,
    events: [],
    resource: {},
    numberAt: (index) => numbers[index] ?? Number.NaN,
  };
}

test("a call of a known shape is priced like one by itself, whatever the call before it was", () => {
  fc.assert(
    fc.property(fc.constantFrom(...MODELS), calls, fc.subarray(KEYS), ([provider, model], given, keys) => {
      const words = { provider, requestModel: model, responseModel: undefined };
      const spans = given.map(({ counts: numbers, startMs, book }) => {
        const own = numbers.slice(0, keys.length);
        const attributes = Object.fromEntries(keys.map((key, index) => [key, own[index]]));
        return { span: spanOf(attributes, own, startMs), book };
      });
      const [first] = spans;
      if (first === undefined) return;
      const shaped = createModellessUsage(first.span, words, keys);
      if (shaped === null) throw new Error("no shape");
      for (const { span, book } of spans) {
        const { scopeName: scope, scopeVersion, startMs: atMs, attributes } = span;
        const alone = priceCall({ scope, scopeVersion, provider, model, atMs, attributes }, book);
        expect(priceShaped(span, shaped, book)).toEqual(alone);
      }
    }),
    { numRuns: 400 },
  );
});
