import { readAll } from "./openai.mjs";

/** cohere-ai, API v2. */
export function cohereAdapter({ module, url, model = "command-r-plus-08-2024" }) {
  const client = new module.CohereClientV2({ token: "stand-in", environment: url });
  const body = (prompt) => ({ model, messages: [{ role: "user", content: prompt }] });
  const options = ({ retries = 2, timeoutMs, signal }) => ({
    maxRetries: retries,
    ...(timeoutMs === undefined ? {} : { timeoutInSeconds: timeoutMs / 1000 }),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  return {
    ask: async (prompt, how = {}) => (await client.chat(body(prompt), options(how))).message?.content?.[0]?.text,
    stream: async (prompt, how = {}) =>
      readAll(await client.chatStream(body(prompt), options(how)), (event) => event.delta?.message?.content?.text, how),
  };
}
