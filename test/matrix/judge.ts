import type { ServedRequest } from "../../processor/demo/provider-stand-in.ts";
import type { ServedUsage } from "../../processor/demo/provider-stand-in/served-call.ts";
import { OUTCOME_CATEGORIES, STREAM_ERROR_CATEGORIES } from "./cases.mjs";
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

export interface CaseEvidence {
  readonly spans: readonly ReceivedSpan[];
  readonly served: readonly ServedRequest[];
  /** Nobody sells this model: no price is right. */
  readonly unpriced?: boolean;
}

/** Compares the spans of a case with what the stand-in served: the truth is there, not in the table of cases. */
export function judge(testCase: MatrixCase, { spans, served, unpriced = false }: CaseEvidence): Judged {
  // A repeated call with a span of its own (an SDK-level one per attempt) says whom it repeats: one operation.
  const calls = spans.filter((span) => span.attributes["llm_call"] === true);
  const operations = calls.filter((span) => span.attributes["retry_of"] === undefined);
  const call = calls.toSorted((a, b) => a.startMs - b.startMs).at(-1)?.attributes ?? {};
  const last = served.at(-1);
  const expectedCalls = testCase.calls ?? 1;
  const usage = statesUsage(testCase, last) ? last?.usage : undefined;
  // An SDK that cannot read garbage has failed, one that can has not: both are right.
  const judgesEnd = testCase.garbage !== true;
  // On a machine that is busy enough a client's time limit ends its request before the server has it.
  const reached = served.length > 0;
  return {
    expected: {
      calls: expectedCalls,
      model: reached ? last?.model : call["gen_ai.request.model"],
      category: judgesEnd ? categoryOf(testCase, last) : undefined,
      retries: expectedCalls > 1 || !reached ? 0 : served.length - 1,
      httpSpans: reached ? served.length : 1,
      ...(usage ? tokensOf(usage, unpriced) : {}),
    },
    found: {
      calls: operations.length,
      model: call["gen_ai.request.model"],
      category: judgesEnd ? call["error_category"] : undefined,
      retries: call["retry_count"] ?? 0,
      httpSpans: spans.filter((span) => span.attributes["http.request.method"] !== undefined && !calls.includes(span)).length,
      ...(usage ? tokensFound(call) : {}),
    },
  };
}

/** What the last thing that was served means; the client's own ends (time limits, aborts) are the case's to say. */
function categoryOf(testCase: MatrixCase, last: ServedRequest | undefined): string | undefined {
  if (last?.outcome === "stream_error") return STREAM_ERROR_CATEGORIES[last.wire];
  return testCase.category ?? OUTCOME_CATEGORIES[last?.outcome ?? "ok"];
}

/** A success with counts: what a stream that broke or was left would have stated is not on the wire. */
function statesUsage(testCase: MatrixCase, last: ServedRequest | undefined): boolean {
  return last?.status === 200 && last.outcome === "ok" && !testCase.script.includes("no-usage") && testCase.stopAfter === undefined;
}

function tokensOf(usage: ServedUsage, unpriced: boolean): object {
  const cacheWrite = usage.cacheWrite5m + usage.cacheWrite1h;
  const input = usage.uncachedInput + usage.cacheRead + cacheWrite;
  return { input, output: usage.output, cacheRead: usage.cacheRead, cacheWrite, priced: !unpriced };
}

function tokensFound(call: ReceivedSpan["attributes"]): object {
  return {
    input: call["gen_ai.usage.input_tokens"],
    output: call["gen_ai.usage.output_tokens"],
    cacheRead: call["gen_ai.usage.cache_read.input_tokens"],
    cacheWrite: call["gen_ai.usage.cache_write.input_tokens"],
    priced: typeof call["cost_usd"] === "number",
  };
}
