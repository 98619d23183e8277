import { ALERT_SETTINGS } from "./alert-settings.ts";
import { type AlertRule, valueAs } from "./alerts.ts";

/** A rule on Tempo: TraceQL metrics by refId, and an expression over them where one is not enough. */
export interface TempoAlertRule extends Omit<AlertRule, "query"> {
  readonly queries: Readonly<Record<string, string>>;
  /** Without it the value is A. */
  readonly math?: string;
}

const CALLS = "span.llm_call = true";
const BY_PROVIDER = "by (span.gen_ai.provider.name)";
/** The label's value comes with quotes. */
const PROVIDER = '{{ with index $labels "span.gen_ai.provider.name" }}{{ reReplaceAll `"` "" . }}{{ end }}';
const QUICK = { windowMinutes: 15, forMinutes: 3, keepFiringMinutes: 10, evaluateMinutes: 1 } as const;
const AT_ONCE = { ...QUICK, forMinutes: 1, keepFiringMinutes: 15 } as const;

/**
 * The rules that TraceQL can state soundly, for those who store no rows. It has no window before another, no sum over months
 * and no row for what did not happen: burn rates, surges against the day before, drops, coverage and silence need PostgreSQL.
 */
export const TEMPO_ALERT_RULES: readonly TempoAlertRule[] = [
  {
    ...QUICK,
    uid: "genai-tempo-error-rate",
    title: "LLM error rate (Tempo)",
    severity: "page",
    queries: {
      A: `{ ${CALLS} && status = error } | count_over_time() ${BY_PROVIDER}`,
      B: `{ ${CALLS} } | count_over_time() ${BY_PROVIDER}`,
    },
    math: `($B >= ${ALERT_SETTINGS.errorRate.callsMin}) * $A / $B`,
    fires: { when: "above", value: ALERT_SETTINGS.errorRate.above },
    summary: `${valueAs("humanizePercentage .Value", "M")} of the calls to ${PROVIDER} fail`,
    description: "Failed calls / calls of the last 15 minutes are above the limit for this provider.",
    panel: { dashboard: "tempoErrors", id: 3 },
  },
  {
    ...QUICK,
    uid: "genai-tempo-rate-limits",
    title: "LLM rate limits (Tempo)",
    severity: "ticket",
    queries: {
      A: `{ ${CALLS} && (span.error_category = "rate_limit" || span.retry_reason = "rate_limit") } | count_over_time() ${BY_PROVIDER}`,
      B: `{ ${CALLS} } | count_over_time() ${BY_PROVIDER}`,
    },
    math: `($B >= ${ALERT_SETTINGS.rateLimited.callsMin}) * $A / $B`,
    fires: { when: "above", value: ALERT_SETTINGS.rateLimited.above },
    summary: `${valueAs("humanizePercentage .Value", "M")} of the calls to ${PROVIDER} meet a rate limit`,
    description: "Calls of the last 15 minutes that met a rate limit at the first attempt or in the end.",
    panel: { dashboard: "tempoErrors", id: 5 },
  },
  {
    ...AT_ONCE,
    uid: "genai-tempo-quota-exceeded",
    title: "LLM quota exceeded (Tempo)",
    severity: "page",
    queries: { A: `{ ${CALLS} && span.error_category = "quota_exceeded" } | count_over_time() ${BY_PROVIDER}` },
    fires: { when: "above", value: ALERT_SETTINGS.quotaExceeded.above },
    summary: `${PROVIDER} refuses calls for want of quota or credit`,
    description: "Calls of the last 15 minutes were refused; none will succeed until somebody adds quota or credit.",
    panel: { dashboard: "tempoErrors", id: 4 },
  },
  {
    ...AT_ONCE,
    uid: "genai-tempo-auth-failures",
    title: "LLM authentication failures (Tempo)",
    severity: "page",
    queries: { A: `{ ${CALLS} && span.error_category = "auth" } | count_over_time() ${BY_PROVIDER}` },
    fires: { when: "above", value: ALERT_SETTINGS.authFailures.above },
    summary: `${PROVIDER} refuses a key or its permissions`,
    description: "Calls of the last 15 minutes failed with an authentication or permission error.",
    panel: { dashboard: "tempoErrors", id: 4 },
  },
  {
    ...AT_ONCE,
    uid: "genai-tempo-spend-hour",
    title: "LLM spend per hour (Tempo)",
    severity: "page",
    windowMinutes: 60,
    forMinutes: 5,
    evaluateMinutes: 5,
    queries: { A: `{ ${CALLS} && span.cost_usd != nil } | sum_over_time(span.cost_usd)` },
    fires: { when: "above", value: ALERT_SETTINGS.spendUsd.perHour },
    summary: `$${valueAs('printf "%.2f" .Value')} spent on model calls within an hour`,
    description: `The limit is $${ALERT_SETTINGS.spendUsd.perHour} an hour. Calls without a known price are not in it.`,
    panel: { dashboard: "tempoCost", id: 5 },
  },
];
