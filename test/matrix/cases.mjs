/**
 * What is asked of every SDK. `script` is what the stand-in does (processor/demo/provider-stand-in/script.ts); `category` is
 * that of an end that the client made itself; every other follows from what was served. `needs` names what an SDK must be able to do for the case to mean anything.
 */
export const CASES = [
  { name: "success", script: "ok;input=120;output=40" },
  { name: "success_reasoning", script: "ok;input=50;output=90;reasoning=30" },
  { name: "success_stream", stream: true, script: "ok;input=77;output=55;gap=3;ttft=20" },
  { name: "success_without_usage", script: "ok;no-usage" },
  { name: "success_filtered", script: "ok;filtered" },
  { name: "success_long", script: "ok;bytes=400000;output=300" },
  { name: "cache_read", script: "ok;input=100;read=1024" },
  { name: "cache_write", script: "ok;input=100;write5m=300;write1h=200;read=512" },
  { name: "cache_stream", stream: true, script: "ok;input=100;write5m=300;write1h=200;read=512" },
  { name: "gzip", script: "ok;gzip;output=33" },
  { name: "brotli", script: "ok;br;output=34" },
  { name: "gzip_stream", stream: true, script: "ok;gzip;output=35" },

  { name: "retry_rate_limit", needs: "retries", script: "rate_limit;after-ms=20,rate_limit;after-ms=20,ok" },
  { name: "retry_rate_limit_stream", needs: "retries", stream: true, script: "rate_limit;after-ms=20,ok" },
  { name: "retry_mixed", needs: "retries", script: "server_error;after-ms=20,unavailable;after-ms=20,ok" },
  { name: "retry_overloaded", needs: "retries", script: "overloaded;after-ms=20,ok" },
  { name: "retry_reset", needs: "network_retries", script: "reset,ok" },
  { name: "retry_timeout", needs: "timeout_retries", timeoutMs: 3000, script: "slow;ms=12000,ok" },
  { name: "retries_exhausted", needs: "retries", script: "rate_limit;after-ms=20" },
  { name: "retries_exhausted_mixed", needs: "retries", script: "rate_limit;after-ms=20,server_error;after-ms=20" },

  ...["rate_limit", "quota", "overloaded", "server_error", "unavailable", "bad_gateway", "auth", "forbidden", "model_not_found"].map(
    failure,
  ),
  ...["bad_request", "context_length", "content_filter", "reset"].map(failure),
  { name: "error_rate_limit_stream", stream: true, retries: 0, script: "rate_limit" },
  { name: "timeout", needs: "timeout", retries: 0, timeoutMs: 3000, script: "slow;ms=12000", category: "timeout" },
  { name: "abort", needs: "abort", retries: 0, abortMs: 3000, script: "slow;ms=12000", category: "unknown" },
  { name: "abort_by_timer", needs: "abort", retries: 0, timerAbortMs: 3000, script: "slow;ms=12000", category: "timeout" },
  { name: "abort_signal_timeout", needs: "abort", retries: 0, signalTimeoutMs: 3000, script: "slow;ms=12000", category: "timeout" },
  { name: "race_loser", needs: "abort", race: true, retries: 0, script: "ok;ttft=250;output=12" },

  { name: "stream_cut", stream: true, retries: 0, script: "cut;gap=20" },
  { name: "stream_error", stream: true, retries: 0, script: "stream_error;gap=20" },
  { name: "stream_break", stream: true, stopAfter: 20, script: "ok;gap=10;chunks=30;output=70" },
  { name: "garbage", retries: 0, script: "garbage", garbage: true },
  { name: "garbage_stream", stream: true, retries: 0, script: "garbage", garbage: true },

  { name: "two_at_once", twice: "together", script: "ok;ttft=30;output=21", calls: 2 },
  { name: "own_loop", twice: "in_turn", retries: 0, script: "bad_request,ok", calls: 2 },
];

/** What each outcome of the stand-in is, when it is the end of a call. */
export const OUTCOME_CATEGORIES = {
  rate_limit: "rate_limit",
  quota: "quota_exceeded",
  overloaded: "model_overloaded",
  server_error: "api_error",
  unavailable: "api_error",
  bad_gateway: "api_error",
  auth: "auth",
  forbidden: "auth",
  model_not_found: "validation",
  bad_request: "validation",
  context_length: "validation",
  content_filter: "validation",
  reset: "network_error",
  cut: "network_error",
};

function failure(outcome) {
  return { name: `error_${outcome}`, retries: 0, script: outcome };
}

/** What an error event inside a stream means, by the wire that carries it. */
export const STREAM_ERROR_CATEGORIES = {
  "openai-chat": "api_error",
  "openai-responses": "api_error",
  "anthropic-messages": "model_overloaded",
  gemini: "model_overloaded",
  "bedrock-converse": "rate_limit",
  "bedrock-invoke": "rate_limit",
  "cohere-chat": "api_error",
  "mistral-chat": "api_error",
  "ollama-chat": "api_error",
  "openrouter-chat": "api_error",
};

/** Whether a case means anything for an SDK. */
export function runsOn({ needs, name }, { lacks = [] }) {
  return !lacks.includes(needs) && !lacks.includes(name);
}

/** Names one case of one SDK to the stand-in. */
export function scriptIdOf(sdk, testCase) {
  return `${sdk}.${testCase}`.replaceAll(/[^\w.-]+/g, "-");
}
