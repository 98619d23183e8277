import type { ErrorCategory } from "../processor/core/categorization.ts";

/** One colour per name on all dashboards, so that a reader learns it once. Grafana's own names follow the theme. */
export type Colors = Readonly<Record<string, string>>;

/** Providers that are not here take the next free colour of Grafana's palette. */
export const PROVIDER_COLORS: Colors = {
  openai: "green",
  anthropic: "orange",
  "gcp.gemini": "blue",
  "gcp.vertex_ai": "light-blue",
  "aws.bedrock": "purple",
  "azure.ai.openai": "super-light-blue",
  "azure.ai.inference": "dark-blue",
  mistral_ai: "red",
  cohere: "light-purple",
  deepseek: "dark-purple",
  groq: "yellow",
  x_ai: "text",
};

/** Warm: the provider's limits. Purple: time and network. Blue: ours to mend. */
export const CATEGORY_COLORS: Readonly<Record<ErrorCategory, string>> = {
  rate_limit: "orange",
  quota_exceeded: "dark-red",
  model_overloaded: "yellow",
  timeout: "purple",
  network_error: "light-purple",
  api_error: "red",
  auth: "dark-blue",
  validation: "blue",
  unknown: "text",
};

export const TOKEN_COLORS: Colors = {
  uncached_input: "blue",
  cache_read: "green",
  cache_write: "orange",
  output: "purple",
  reasoning: "light-purple",
  read: "green",
  written: "orange",
};

export const QUANTILE_COLORS: Colors = { p50: "green", p95: "orange", p99: "red" };
