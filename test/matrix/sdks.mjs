import { anthropicAdapter } from "./adapters/anthropic.mjs";
import { googleAdapter } from "./adapters/google.mjs";
import { openaiAdapter } from "./adapters/openai.mjs";

/**
 * The SDKs of the matrix. `package` is the alias under which test/matrix/package.json installs that major; `installed` is
 * the name in the project's own node_modules, for the rows that run in `npm test`. `lacks` names abilities (see cases.mjs)
 * or cases that mean nothing for this SDK.
 */
export const SDKS = [
  { name: "openai-installed", package: "openai", provider: "openai", adapter: openaiAdapter },
  {
    name: "openai-responses-installed",
    package: "openai",
    provider: "openai",
    adapter: openaiAdapter,
    options: { api: "responses" },
    lacks: ["success_filtered"],
  },
  { name: "anthropic-installed", package: "@anthropic-ai/sdk", provider: "anthropic", adapter: anthropicAdapter },
  {
    name: "google-installed",
    package: "@google/genai",
    provider: "gcp.gemini",
    adapter: googleAdapter,
    lacks: ["network_retries", "timeout_retries", "abort_signal_timeout"],
  },
];

export async function loadAdapter({ package: name, adapter, options }, where) {
  return adapter({ module: await import(name), ...where, ...options });
}
