import { bench, do_not_optimize, summary } from "mitata";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import { priceCall } from "../processor/core/price-call.ts";
import type { Attributes } from "../processor/core/span.ts";
import { readUsage } from "../processor/core/usage.ts";

const AT = Date.parse("2026-11-18T12:00:00Z");

/** As many attributes as a real model call has. */
const CONVENTION: Attributes = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "anthropic",
  "gen_ai.request.model": "claude-opus-5-5",
  "gen_ai.request.max_tokens": 1_000,
  "gen_ai.request.stream": true,
  "gen_ai.response.model": "claude-opus-5-5",
  "gen_ai.response.id": "msg_01",
  "gen_ai.response.finish_reasons": ["end_turn"],
  "gen_ai.response.time_to_first_chunk": 0.4,
  "gen_ai.usage.input_tokens": 45_540,
  "gen_ai.usage.output_tokens": 820,
  "gen_ai.usage.cache_read.input_tokens": 30_000,
  "gen_ai.usage.cache_write.input_tokens": 15_500,
  "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 0,
  "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 15_500,
  "anthropic.response.service_tier": "standard",
  "server.address": "api.anthropic.com",
  "server.port": 443,
};

const IN_JSON: Attributes = {
  "ai.operationId": "ai.generateText.doGenerate",
  "ai.model.provider": "anthropic.messages",
  "ai.model.id": "claude-opus-5-5",
  "ai.usage.inputTokens": 45_540,
  "ai.usage.outputTokens": 820,
  "ai.response.providerMetadata":
    '{"anthropic":{"usage":{"input_tokens":40,"output_tokens":820,"cache_read_input_tokens":30000,"cache_creation_input_tokens":15500}}}',
};

/** Decoders make a new object per span; one object read again and again would be read from registers. */
const SPANS = 64;

function copies(attributes: Attributes): Attributes[] {
  return Array.from({ length: SPANS }, () => Object.assign(Object.create(null), attributes) as Attributes);
}

/** Money per call: `npm run bench:functions` prints the table. Aim: a warm lookup under 1 µs. */
export function register(): void {
  const [plain, json] = [copies(CONVENTION), copies(IN_JSON)];
  let turn = 0;
  const next = (spans: readonly Attributes[]): Attributes => spans[(turn = (turn + 1) % SPANS)] ?? CONVENTION;
  summary(() => {
    bench("price: warm lookup", () => do_not_optimize(DEFAULT_PRICE_BOOK.find("anthropic", "claude-opus-5-5", "claude-opus-5-5")));
    bench("price: readUsage", () =>
      do_not_optimize(readUsage({ atMs: AT, scope: "com.anthropic.sdk.typescript", attributes: next(plain) })));
    bench("price: priceCall", () =>
      do_not_optimize(priceCall({ atMs: AT, scope: "com.anthropic.sdk.typescript", attributes: next(plain) }, DEFAULT_PRICE_BOOK)));
    bench("price: priceCall, usage in JSON", () =>
      do_not_optimize(priceCall({ atMs: AT, scope: "ai", attributes: next(json) }, DEFAULT_PRICE_BOOK)));
  });
}
