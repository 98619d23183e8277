import type { ServedRequest } from "../../processor/demo/provider-stand-in.ts";
import { STREAM_ERROR_CATEGORIES } from "./cases.mjs";
import type { ReceivedSpan } from "./harness.ts";

export interface MatrixCase {
  readonly name: string;
  readonly script: string;
  readonly category?: string;
  readonly calls?: number;
  readonly stream?: boolean;
  readonly garbage?: boolean;
  readonly needs?: string;
  readonly stopAfter?: number;
}

/** What a case should have shown, and what it did: equal when nothing is wrong. */
export interface Judged {
  readonly expected: Readonly<Record<string, unknown>>;
  readonly found: Readonly<Record<string, unknown>>;
}

/** Compares the spans of a case with what the stand-in served: the truth is there, not in the table of cases. */
export function judge(testCase: MatrixCase, spans: readonly ReceivedSpan[], served: readonly ServedRequest[]): Judged {
  const calls = spans.filter((span) => span.attributes["llm_call"] === true);
  const call = calls.toSorted((a, b) => a.startMs - b.startMs).at(-1);
  const expectedCalls = testCase.calls ?? 1;
  const attempts = expectedCalls > 1 ? 1 : served.length;
  const last = served.at(-1);
  const category = testCase.category === "stream_error" ? STREAM_ERROR_CATEGORIES[last?.wire ?? ""] : testCase.category;
  const usage = statesUsage(testCase, last) ? last?.usage : undefined;
  const failed = category !== undefined;
  return {
    expected: {
      calls: expectedCalls,
      model: last?.model,
      category,
      retries: attempts - 1,
      httpSpans: served.length,
      input: usage == null ? undefined : usage.uncachedInput + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h,
      output: usage?.output,
      cacheRead: usage?.cacheRead,
      cacheWrite: usage == null ? undefined : usage.cacheWrite5m + usage.cacheWrite1h,
      priced: usage == null ? undefined : true,
      stream: failed ? undefined : testCase.stream === true ? true : undefined,
    },
    found: {
      calls: calls.length,
      model: call?.attributes["gen_ai.request.model"],
      category: call?.attributes["error_category"],
      retries: call?.attributes["retry_count"] ?? 0,
      httpSpans: spans.filter((span) => span.attributes["http.request.method"] !== undefined && span !== call && !calls.includes(span))
        .length,
      input: usage == null ? undefined : call?.attributes["gen_ai.usage.input_tokens"],
      output: usage == null ? undefined : call?.attributes["gen_ai.usage.output_tokens"],
      cacheRead: usage == null ? undefined : call?.attributes["gen_ai.usage.cache_read.input_tokens"],
      cacheWrite: usage == null ? undefined : call?.attributes["gen_ai.usage.cache_write.input_tokens"],
      priced: usage == null ? undefined : typeof call?.attributes["cost_usd"] === "number",
      stream: failed ? undefined : call?.attributes["gen_ai.request.stream"],
    },
  };
}

/** A success with counts: what a stream that broke or was left would have stated is not on the wire. */
function statesUsage(testCase: MatrixCase, last: ServedRequest | undefined): boolean {
  return last?.status === 200 && last.outcome === "ok" && !testCase.script.includes("no-usage") && testCase.stopAfter === undefined;
}
