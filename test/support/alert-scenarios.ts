import type { CallBatch } from "./store-calls.ts";
import type { SampleRun } from "./store-samples.ts";

/** Calls that end at 0 minutes ago; times in minutes before the rule looks. */
type Timed = Omit<CallBatch, "fromMs" | "toMs"> & { readonly from: number; readonly to: number };

type TimedRun = Omit<SampleRun, "fromMs" | "toMs"> & { readonly from: number; readonly to: number };

export interface AlertScenario {
  /** Calls under which the rule must not fire, although they resemble those that make it. */
  readonly quiet: readonly Timed[];
  readonly firing: readonly Timed[];
  /** What gateways say of themselves meanwhile, where the rule looks at that. */
  readonly gateways?: { readonly quiet: readonly TimedRun[]; readonly firing: readonly TimedRun[] };
  /** Labels of the one alert that fires. */
  readonly labels: Readonly<Record<string, string>>;
}

const PROVIDER = { environment: "production", model_provider: "openai" };
const MODEL = { ...PROVIDER, model: "gpt-5-mini" };
export const BROKEN = { status: 500, message: "500 The server had an error while processing your request" };
export const LIMITED = { status: 429, message: "429 Rate limit reached for gpt-5-mini. Please try again in 4s." };
const OVERLOADED = { status: 529, message: '529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}' };
export const NO_QUOTA = {
  status: 429,
  message: "429 You exceeded your current quota, please check your plan and billing details. (insufficient_quota)",
};
export const BAD_KEY = { status: 401, message: "401 Incorrect API key provided" };
const HOUR = 60;
const DAY = 24 * HOUR;

const during = (from: number, to: number, count: number, rest: Partial<Timed> = {}): Timed => ({ from, to, count, ...rest });

const NO_CALLS = { quiet: [], firing: [] } as const;

/** One per rule of dashboards/alerts.ts, by uid; test/dashboards-alerts and test/grafana drive the rules with them. */
export const ALERT_SCENARIOS: Readonly<Record<string, AlertScenario>> = {
  "genai-error-rate": {
    quiet: [during(9, 1, 95), during(9, 1, 5, { failure: BROKEN })],
    firing: [during(9, 1, 70), during(9, 1, 30, { failure: BROKEN })],
    labels: PROVIDER,
  },
  // The hour burnt, the last five minutes did not: it is over.
  "genai-burn-rate-fast": {
    quiet: [during(55, 6, 100), during(55, 8, 40, { failure: BROKEN }), during(5, 1, 20)],
    firing: [during(55, 1, 100), during(55, 1, 40, { failure: BROKEN })],
    labels: PROVIDER,
  },
  "genai-burn-rate-slow": {
    quiet: [during(350, 1, 200), during(350, 40, 30, { failure: BROKEN })],
    firing: [during(350, 1, 200), during(350, 1, 30, { failure: BROKEN })],
    labels: PROVIDER,
  },
  "genai-burn-rate-budget": {
    quiet: [during(3 * DAY - 10, 1, 700), during(3 * DAY - 10, 1, 3, { failure: BROKEN })],
    firing: [during(3 * DAY - 10, 1, 700), during(3 * DAY - 10, 1, 30, { failure: BROKEN })],
    labels: PROVIDER,
  },
  // As many limits, but the day before had them too.
  "genai-rate-limit-surge": {
    quiet: [during(DAY, 20, 300), during(DAY, 20, 60, { failure: LIMITED }), during(14, 1, 40), during(14, 1, 10, { failure: LIMITED })],
    firing: [during(DAY, 20, 300), during(14, 1, 40), during(14, 1, 10, { retriedAfter: 429 })],
    labels: PROVIDER,
  },
  "genai-quota-exceeded": {
    quiet: [during(14, 1, 5, { failure: LIMITED })],
    firing: [during(4, 3, 1, { failure: NO_QUOTA })],
    labels: PROVIDER,
  },
  "genai-provider-overloaded": {
    quiet: [during(14, 1, 10), during(14, 1, 5, { failure: OVERLOADED })],
    firing: [during(14, 1, 40), during(14, 1, 10, { failure: OVERLOADED })],
    labels: MODEL,
  },
  "genai-auth-failures": {
    quiet: [during(14, 1, 5, { failure: BROKEN })],
    firing: [during(4, 3, 1, { failure: BAD_KEY })],
    labels: PROVIDER,
  },
  "genai-duration-p95": {
    quiet: [during(14, 4, 50, { durationMs: 20_000 }), during(14, 4, 1, { durationMs: 120_000 })],
    firing: [during(14, 4, 50, { durationMs: 20_000 }), during(14, 4, 10, { durationMs: 120_000 })],
    labels: MODEL,
  },
  "genai-ttft-p95": {
    quiet: [during(14, 1, 50, { ttftSeconds: 1.5 }), during(14, 1, 1, { ttftSeconds: 20 })],
    firing: [during(14, 1, 50, { ttftSeconds: 1.5 }), during(14, 1, 10, { ttftSeconds: 20 })],
    labels: MODEL,
  },
  "genai-spend-hour": {
    quiet: [during(55, 1, 10, { model: "gpt-5.2", inputTokens: 100_000, outputTokens: 50_000 })],
    firing: [during(55, 1, 40, { model: "gpt-5.2", inputTokens: 100_000, outputTokens: 50_000 })],
    labels: {},
  },
  "genai-spend-day": {
    quiet: [during(DAY - 10, 1, 50, { model: "gpt-5.2", inputTokens: 100_000, outputTokens: 50_000 })],
    firing: [during(DAY - 10, 1, 200, { model: "gpt-5.2", inputTokens: 100_000, outputTokens: 50_000 })],
    labels: {},
  },
  "genai-cache-hit-rate-drop": {
    quiet: [during(2 * DAY, 70, 200, { cacheReadTokens: 700 }), during(55, 1, 60, { cacheReadTokens: 600 })],
    firing: [during(2 * DAY, 70, 200, { cacheReadTokens: 700 }), during(55, 1, 60, { cacheReadTokens: 100 })],
    labels: MODEL,
  },
  "genai-cost-coverage": {
    quiet: [during(55, 1, 95), during(55, 1, 5, { model: "a-private-model" })],
    firing: [during(55, 1, 50), during(55, 1, 50, { model: "a-private-model" })],
    labels: { environment: "production" },
  },
  "genai-retry-storm": {
    quiet: [during(14, 1, 90), during(14, 1, 10, { retriedAfter: 503 })],
    firing: [during(14, 1, 50), during(14, 1, 50, { retriedAfter: 503 })],
    labels: PROVIDER,
  },
  "genai-pipeline-silent": { quiet: [during(60, 5, 5)], firing: [during(90, 45, 5)], labels: {} },
  "genai-gateway-silent": {
    ...NO_CALLS,
    gateways: { quiet: [{ from: 30, to: 2 }], firing: [{ from: 30, to: 8 }] },
    labels: {},
  },
  // The other gateway keeps up, and the backlog of ten minutes ago is gone.
  "genai-gateway-spool": {
    ...NO_CALLS,
    gateways: {
      quiet: [
        { from: 20, to: 10, spoolAgeMs: 1_200_000 },
        { from: 9, to: 0, spoolAgeMs: 30_000 },
      ],
      firing: [
        { from: 9, to: 0, spoolAgeMs: 1_200_000 },
        { from: 9, to: 0, instance: "gateway:2" },
      ],
    },
    labels: { instance: "gateway:1" },
  },
  "genai-gateway-refusals": {
    ...NO_CALLS,
    gateways: {
      quiet: [
        { from: 14, to: 0 },
        { from: 3, to: 3, instance: "gateway:2", refused: { unauthenticated: 5 } },
      ],
      firing: [{ from: 14, to: 0, instance: "gateway:3", refused: { unauthenticated: 6 } }],
    },
    labels: {},
  },
};

/** The calls of a scenario, as seen at a time. */
export function callsAt(timed: readonly Timed[], nowMs: number): CallBatch[] {
  return timed.map(({ from, to, ...rest }) => ({ ...rest, fromMs: nowMs - from * 60_000, toMs: nowMs - to * 60_000 }));
}

export function samplesAt(timed: readonly TimedRun[] | undefined, nowMs: number): SampleRun[] {
  return (timed ?? []).map(({ from, to, ...rest }) => ({ ...rest, fromMs: nowMs - from * 60_000, toMs: nowMs - to * 60_000 }));
}
