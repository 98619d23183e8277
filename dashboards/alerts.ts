import { ALERT_SETTINGS } from "./alert-settings.ts";
import type { DashboardName } from "./links.ts";
import type { SqlQuery } from "./panel-query.ts";
import * as queries from "./queries/alerts.ts";

/** "page": somebody must look now. "ticket": somebody must look this week. */
export type Severity = "page" | "ticket";

export interface AlertRule {
  /** Also the heading in docs/runbooks.md. */
  readonly uid: string;
  readonly title: string;
  readonly severity: Severity;
  readonly query: SqlQuery;
  readonly windowMinutes: number;
  readonly fires: { readonly when: "above" | "below"; readonly value: number };
  /** How long it must stay so before it fires, and how long it goes on firing afterwards, in minutes. */
  readonly forMinutes: number;
  readonly keepFiringMinutes: number;
  readonly evaluateMinutes: number;
  /** Go templates of Grafana. A value is read inside `with`: without data there is none, and Grafana's log would say so. */
  readonly summary: string;
  readonly description: string;
  readonly panel: { readonly dashboard: DashboardName; readonly id: number };
}

const { burnRates, ...settings } = ALERT_SETTINGS;
const PROVIDER = "{{ $labels.model_provider }} ({{ $labels.environment }})";
const MODEL = "{{ $labels.model }} of {{ $labels.model_provider }} ({{ $labels.environment }})";
const DOLLARS = `$${valueAs('printf "%.2f" .Value')}`;
const PERCENT = valueAs("humanizePercentage .Value");
const QUICK = { windowMinutes: 15, forMinutes: 3, keepFiringMinutes: 10, evaluateMinutes: 1 } as const;
/** Not at once: for its first minute Grafana does not know the contact points of its rules, and would ask for a mail server. */
const AT_ONCE = { windowMinutes: 15, forMinutes: 1, keepFiringMinutes: 15, evaluateMinutes: 1 } as const;
const HOURLY = { windowMinutes: 60, forMinutes: 10, keepFiringMinutes: 30, evaluateMinutes: 5 } as const;

export const ALERT_RULES: readonly AlertRule[] = [
  {
    ...QUICK,
    uid: "genai-error-rate",
    title: "LLM error rate",
    severity: "page",
    query: queries.errorRate,
    windowMinutes: 10,
    fires: { when: "above", value: settings.errorRate.above },
    summary: `${PERCENT} of the calls to ${PROVIDER} fail`,
    description: "Failed calls / calls of the last 10 minutes are above the limit for this provider.",
    panel: { dashboard: "errors", id: 13 },
  },
  ...burnRule("fast", "page", "2 % of a 30-day budget in an hour"),
  ...burnRule("slow", "page", "5 % of a 30-day budget in 6 hours"),
  ...burnRule("budget", "ticket", "10 % of a 30-day budget in 3 days"),
  {
    ...QUICK,
    uid: "genai-rate-limit-surge",
    title: "LLM rate limit surge",
    severity: "ticket",
    query: queries.rateLimitSurge,
    fires: { when: "above", value: settings.rateLimited.above },
    summary: `${PERCENT} of the calls to ${PROVIDER} meet a rate limit`,
    description: `More than ${settings.rateLimited.timesUsual} times the share of the day before, retries included that succeeded in the end.`,
    panel: { dashboard: "errors", id: 11 },
  },
  {
    ...AT_ONCE,
    uid: "genai-quota-exceeded",
    title: "LLM quota exceeded",
    severity: "page",
    query: queries.quotaExceeded,
    fires: { when: "above", value: settings.quotaExceeded.above },
    summary: `${PROVIDER} refuses calls for want of quota or credit`,
    description: "Calls of the last 15 minutes were refused; none will succeed until somebody adds quota or credit.",
    panel: { dashboard: "errors", id: 10 },
  },
  {
    ...QUICK,
    uid: "genai-provider-overloaded",
    title: "LLM provider overloaded",
    severity: "ticket",
    query: queries.providerOverloaded,
    fires: { when: "above", value: settings.overloaded.above },
    summary: `${PERCENT} of the calls find ${MODEL} overloaded`,
    description: "Calls of the last 15 minutes whose first attempt met an overloaded model.",
    panel: { dashboard: "errors", id: 12 },
  },
  {
    ...AT_ONCE,
    uid: "genai-auth-failures",
    title: "LLM authentication failures",
    severity: "page",
    query: queries.authFailures,
    fires: { when: "above", value: settings.authFailures.above },
    summary: `${PROVIDER} refuses a key or its permissions`,
    description: "Calls of the last 15 minutes failed with an authentication or permission error.",
    panel: { dashboard: "errors", id: 10 },
  },
  {
    ...QUICK,
    uid: "genai-duration-p95",
    title: "LLM duration p95",
    severity: "ticket",
    query: queries.durationP95,
    fires: { when: "above", value: settings.durationSeconds.above },
    summary: `p95 of ${MODEL} is ${valueAs("humanizeDuration .Value")}`,
    description: "95th percentile of completed calls of the last 15 minutes, waits between attempts included.",
    panel: { dashboard: "providers", id: 3 },
  },
  {
    ...QUICK,
    uid: "genai-ttft-p95",
    title: "LLM time to first token p95",
    severity: "ticket",
    query: queries.ttftP95,
    fires: { when: "above", value: settings.ttftSeconds.above },
    summary: `First token of ${MODEL} takes ${valueAs("humanizeDuration .Value")}`,
    description: "95th percentile of the time to the first chunk of streamed calls of the last 15 minutes.",
    panel: { dashboard: "overview", id: 24 },
  },
  {
    ...HOURLY,
    uid: "genai-spend-hour",
    title: "LLM spend per hour",
    severity: "page",
    query: queries.spend,
    forMinutes: 5,
    fires: { when: "above", value: settings.spendUsd.perHour },
    summary: `${DOLLARS} spent on model calls within an hour`,
    description: `The limit is $${settings.spendUsd.perHour} an hour. Calls without a known price are not in it.`,
    panel: { dashboard: "cost", id: 10 },
  },
  {
    ...HOURLY,
    uid: "genai-spend-day",
    title: "LLM spend per day",
    severity: "ticket",
    query: queries.spend,
    windowMinutes: 1440,
    forMinutes: 5,
    fires: { when: "above", value: settings.spendUsd.perDay },
    summary: `${DOLLARS} spent on model calls within 24 hours`,
    description: `The limit is $${settings.spendUsd.perDay} a day. Calls without a known price are not in it.`,
    panel: { dashboard: "cost", id: 11 },
  },
  {
    ...HOURLY,
    uid: "genai-cache-hit-rate-drop",
    title: "LLM cache hit rate drop",
    severity: "ticket",
    query: queries.cacheHitRateDrop,
    fires: { when: "above", value: settings.cacheHitRateDrop.above },
    summary: `Cache hit rate of ${MODEL} fell by ${PERCENT} of all input`,
    description: "The last hour against the model's own week before it. Usually somebody changed the beginning of a prompt.",
    panel: { dashboard: "cost", id: 20 },
  },
  {
    ...HOURLY,
    uid: "genai-cost-coverage",
    title: "LLM cost coverage",
    severity: "ticket",
    query: queries.costCoverage,
    fires: { when: "below", value: settings.costCoverage.below },
    summary: `Only ${PERCENT} of the calls in {{ $labels.environment }} have a known price`,
    description: "Calls with a known price / calls with token counts, of the last hour. What has no price is in no budget.",
    panel: { dashboard: "cost", id: 33 },
  },
  {
    ...QUICK,
    uid: "genai-retry-storm",
    title: "LLM retry storm",
    severity: "page",
    query: queries.retryStorm,
    fires: { when: "above", value: settings.retriesPerCall.above },
    summary: `${PERCENT} of the calls to ${PROVIDER} need another attempt`,
    description: "Retried calls / calls of the last 15 minutes. Retries multiply the load on a provider that is in trouble.",
    panel: { dashboard: "retries", id: 10 },
  },
  {
    uid: "genai-pipeline-silent",
    title: "LLM pipeline silent",
    severity: "page",
    query: queries.pipelineSilent,
    windowMinutes: 10,
    forMinutes: 2,
    keepFiringMinutes: 0,
    evaluateMinutes: 1,
    fires: { when: "above", value: settings.silence.minutes * 60 },
    summary: `No model call was stored for ${valueAs("humanizeDuration .Value")}`,
    description: "Either nobody calls a model, or the way from the application to the database is broken: genai-otel doctor says where.",
    panel: { dashboard: "pipeline", id: 1 },
  },
  {
    ...QUICK,
    uid: "genai-gateway-silent",
    title: "LLM gateway silent",
    severity: "page",
    query: queries.gatewaySilent,
    forMinutes: 1,
    keepFiringMinutes: 0,
    fires: { when: "above", value: settings.gateway.silentMinutes * 60 },
    summary: `No gateway wrote about itself for ${valueAs("humanizeDuration .Value")}`,
    description: "Every gateway process writes a row a minute. None does: they have ended, or cannot reach the database.",
    panel: { dashboard: "pipeline", id: 30 },
  },
  {
    ...QUICK,
    uid: "genai-gateway-spool",
    title: "LLM gateway spool",
    severity: "page",
    query: queries.gatewaySpool,
    windowMinutes: 5,
    fires: { when: "above", value: settings.gateway.spoolMinutes * 60 },
    summary: `Spans wait for ${valueAs("humanizeDuration .Value")} in the spool of {{ $labels.instance }}`,
    description: "PostgreSQL or the OTLP backend does not take spans, or not fast enough. Nothing is lost until the spool is full.",
    panel: { dashboard: "pipeline", id: 42 },
  },
  {
    ...QUICK,
    uid: "genai-gateway-refusals",
    title: "LLM gateway refusals",
    severity: "ticket",
    query: queries.gatewayRefusals,
    fires: { when: "above", value: settings.gateway.refusedAbove },
    summary: `The gateways refuse or lose ${PERCENT} of what they are sent`,
    description:
      "Refused or lost / sent, of the last 15 minutes: wrong tokens, malformed or oversized requests, too much at a time, or rows that the database does not take.",
    panel: { dashboard: "pipeline", id: 41 },
  },
];

/** @param template of the value, as `.Value` */
export function valueAs(template: string, refId = "A"): string {
  return `{{ with $values.${refId} }}{{ ${template} }}{{ end }}`;
}

function burnRule(name: keyof typeof burnRates, severity: Severity, meaning: string): AlertRule[] {
  const burn = burnRates[name];
  const quick = burn.longMinutes <= 60;
  return [
    {
      uid: `genai-burn-rate-${name}`,
      title: `LLM error budget burn (${name})`,
      severity,
      query: queries.burnRate(burn),
      windowMinutes: burn.longMinutes,
      forMinutes: quick ? 1 : 5,
      keepFiringMinutes: quick ? 10 : 30,
      evaluateMinutes: quick ? 1 : 5,
      fires: { when: "above", value: burn.times },
      summary: `${PROVIDER} uses up its error budget ${valueAs('printf "%.1f" .Value')} times too fast`,
      description: `At more than ${burn.times} times the allowed rate over ${burn.longMinutes} and ${burn.shortMinutes} minutes (${meaning}). The objective is ${settings.objective * 100} % of calls.`,
      panel: { dashboard: "providers", id: 2 },
    },
  ];
}
