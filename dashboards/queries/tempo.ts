import { traceql, traceqlRatio } from "../panel-query.ts";

/** Model calls of the dashboard's filters, which are regular expressions; spans are enriched by the gateway. */
const CALLS =
  'span.llm_call = true && resource.service.name =~ "$service" && span.gen_ai.provider.name =~ "$provider" && span.gen_ai.request.model =~ "$model"';
const BY_PROVIDER = "by (span.gen_ai.provider.name)";
const BY_MODEL = "by (span.gen_ai.request.model)";
const FAILED = `${CALLS} && status = error`;
const RETRIED = `${CALLS} && span.retry_count > 0`;
const LIMITED = `${CALLS} && (span.error_category = "rate_limit" || span.retry_reason = "rate_limit")`;

/** One span without the attribute makes a whole interval's sum vanish (Tempo 3.0.3: NaN): only spans that have it are summed. */
function sumOf(attribute: string, by = ""): string {
  return `{ ${CALLS} && ${attribute} != nil } | sum_over_time(${attribute}) ${by}`.trim();
}

export const calls = traceql("range", `{ ${CALLS} } | count_over_time()`);
export const callsByProvider = traceql("range", `{ ${CALLS} } | rate() ${BY_PROVIDER}`);
export const errorRate = traceqlRatio("total", `{ ${FAILED} } | count_over_time()`, `{ ${CALLS} } | count_over_time()`);
export const errorRateByProvider = traceqlRatio("range", `{ ${FAILED} } | rate() ${BY_PROVIDER}`, `{ ${CALLS} } | rate() ${BY_PROVIDER}`);
export const successByProvider = traceqlRatio(
  "total",
  `{ ${CALLS} && status != error } | count_over_time() ${BY_PROVIDER}`,
  `{ ${CALLS} } | count_over_time() ${BY_PROVIDER}`,
);
export const durationP95 = traceql("instant", `{ ${CALLS} && status != error } | quantile_over_time(duration, .95)`);
export const durationQuantiles = traceql("range", `{ ${CALLS} && status != error } | quantile_over_time(duration, .5, .95, .99)`);
export const durationP95ByProvider = traceql("range", `{ ${CALLS} && status != error } | quantile_over_time(duration, .95) ${BY_PROVIDER}`);
export const firstTokenMean = traceql("instant", `{ ${CALLS} } | avg_over_time(span.gen_ai.response.time_to_first_chunk)`);
export const durationHeatmap = traceql("range", `{ ${CALLS} } | histogram_over_time(duration)`);
export const latestCalls = traceql(
  "spans",
  `{ ${CALLS} } | select(span.gen_ai.provider.name, span.gen_ai.request.model, status, span.cost_usd, span.retry_count, span.error_category)`,
);

export const failuresByCategory = traceql("range", `{ ${FAILED} } | count_over_time() by (span.error_category)`);
export const failureRateByCategory = traceql("range", `{ ${FAILED} } | rate() by (span.error_category)`);
export const limitedByProvider = traceqlRatio(
  "total",
  `{ ${LIMITED} } | count_over_time() ${BY_PROVIDER}`,
  `{ ${CALLS} } | count_over_time() ${BY_PROVIDER}`,
);
export const failuresByService = traceql("range", `{ ${FAILED} } | count_over_time() by (resource.service.name)`);
export const latestFailures = traceql(
  "spans",
  `{ ${FAILED} } | select(span.gen_ai.provider.name, span.gen_ai.request.model, span.error_category, statusMessage)`,
);

export const retryRate = traceqlRatio("total", `{ ${RETRIED} } | count_over_time()`, `{ ${CALLS} } | count_over_time()`);
export const retryRateByProvider = traceqlRatio("range", `{ ${RETRIED} } | rate() ${BY_PROVIDER}`, `{ ${CALLS} } | rate() ${BY_PROVIDER}`);
export const retriesByReason = traceql("range", `{ ${RETRIED} } | count_over_time() by (span.retry_reason)`);
export const waitByProvider = traceql("range", `{ ${RETRIED} } | avg_over_time(span.retry_wait_ms) ${BY_PROVIDER}`);

export const cost = traceql("range", sumOf("span.cost_usd"));
export const costByProvider = traceql("range", sumOf("span.cost_usd", BY_PROVIDER));
export const costByModel = traceql("range", sumOf("span.cost_usd", BY_MODEL));
export const costByService = traceql("range", sumOf("span.cost_usd", "by (resource.service.name)"));
export const costPerCall = traceqlRatio(
  "total",
  sumOf("span.cost_usd", BY_PROVIDER),
  `{ ${CALLS} && span.cost_usd >= 0.0 } | count_over_time() ${BY_PROVIDER}`,
);
export const savings = traceql("range", sumOf("span.cache_savings_usd"));
export const savingsByModel = traceql("range", sumOf("span.cache_savings_usd", BY_MODEL));
export const hitRate = traceqlRatio("total", sumOf("span.gen_ai.usage.cache_read.input_tokens"), sumOf("span.gen_ai.usage.input_tokens"));
export const hitRateByModel = traceqlRatio(
  "range",
  sumOf("span.gen_ai.usage.cache_read.input_tokens", BY_MODEL),
  sumOf("span.gen_ai.usage.input_tokens", BY_MODEL),
);
export const coverage = traceqlRatio(
  "total",
  `{ ${CALLS} && span.cost_usd >= 0.0 } | count_over_time()`,
  `{ ${CALLS} && span.cost_status != "no_usage" } | count_over_time()`,
);
