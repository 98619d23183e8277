import { BAD_KEY, BROKEN, LIMITED, NO_QUOTA } from "./alert-scenarios.ts";
import type { CallBatch } from "./store-calls.ts";

type Calls = Omit<CallBatch, "fromMs" | "toMs">;

export interface TempoScenario {
  /** Calls under which the rule must not fire, of a provider of their own. */
  readonly quiet: readonly Calls[];
  readonly firing: readonly Calls[];
  /** Labels of the alert that fires. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Label of the provider in TraceQL; Grafana keeps the quotes of its value. */
export const TEMPO_PROVIDER = "span.gen_ai.provider.name";

const of = (provider: string): Record<string, string> => ({ [TEMPO_PROVIDER]: JSON.stringify(provider) });

/** One per rule of dashboards/tempo-alerts.ts, by uid. Providers that nobody else sends: the Tempo may have other spans. */
export const TEMPO_SCENARIOS: Readonly<Record<string, TempoScenario>> = {
  "genai-tempo-error-rate": {
    quiet: [
      { count: 95, provider: "quiet-errors" },
      { count: 5, provider: "quiet-errors", failure: BROKEN },
      { count: 5, provider: "quiet-few", failure: BROKEN },
    ],
    firing: [
      { count: 70, provider: "loud-errors" },
      { count: 30, provider: "loud-errors", failure: BROKEN },
    ],
    labels: of("loud-errors"),
  },
  "genai-tempo-rate-limits": {
    quiet: [
      { count: 97, provider: "quiet-limits" },
      { count: 3, provider: "quiet-limits", failure: LIMITED },
    ],
    firing: [
      { count: 90, provider: "loud-limits" },
      { count: 9, provider: "loud-limits", retriedAfter: 429 },
    ],
    labels: of("loud-limits"),
  },
  "genai-tempo-quota-exceeded": {
    quiet: [{ count: 1, provider: "quiet-quota", failure: LIMITED }],
    firing: [{ count: 1, provider: "loud-quota", failure: NO_QUOTA }],
    labels: of("loud-quota"),
  },
  "genai-tempo-auth-failures": {
    quiet: [{ count: 1, provider: "quiet-auth", failure: BROKEN }],
    firing: [{ count: 1, provider: "loud-auth", failure: BAD_KEY }],
    labels: of("loud-auth"),
  },
  "genai-tempo-spend-hour": {
    quiet: [],
    firing: [{ count: 40, model: "gpt-5.2", inputTokens: 100_000, outputTokens: 50_000 }],
    labels: {},
  },
};
