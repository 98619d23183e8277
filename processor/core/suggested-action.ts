import type { ErrorCategory } from "./categorization.ts";

/** What to do about each kind of failure, in one sentence: shown on dashboards and answered by the error-patterns endpoint. */
export const SUGGESTED_ACTIONS: Readonly<Record<ErrorCategory, string>> = {
  rate_limit: "Wait as long as the provider says, spread the load over time or keys, and ask for a higher limit if it lasts.",
  quota_exceeded:
    "Add credit, raise the spend limit or plan, or wait for the allowance to come back: repeating the call now only fails again.",
  model_overloaded: "Retry with growing pauses and fall back to another model or region while the provider is short of capacity.",
  timeout: "Retry, stream long answers, lower the output limit, and set the client's timeout above the model's usual duration.",
  network_error: "Retry on a new connection; if it lasts, check DNS, proxy, firewall and certificates between you and the provider.",
  api_error: "Retry with growing pauses; if it lasts, look at the provider's status page and report the request id.",
  auth: "Check the API key, its permissions, and the account's or region's access to the model: repeating the call cannot help.",
  validation: "Mend the request: its parameters, its length, its model name or the content that was refused.",
  unknown: "Look at the message of an example call: nothing in it names a cause, or the caller cancelled it.",
};

/** The pause before another try where the provider states none, in ms; null where no pause makes the call succeed. */
export const SUGGESTED_WAIT_MS: Readonly<Record<ErrorCategory, number | null>> = {
  rate_limit: 20_000,
  quota_exceeded: null,
  model_overloaded: 10_000,
  timeout: 2_000,
  network_error: 1_000,
  api_error: 5_000,
  auth: null,
  validation: null,
  unknown: null,
};
