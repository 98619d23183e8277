import { readAll } from "./openai.mjs";

/** @anthropic-ai/sdk 0.x and 1.x. */
export function anthropicAdapter({ module, url, model = "claude-sonnet-4-6" }) {
  const Client = module.default;
  const client = ({ retries = 2 }) => new Client({ apiKey: "stand-in", baseURL: url, maxRetries: retries });
  const body = (prompt) => ({ model, max_tokens: 200, messages: [{ role: "user", content: prompt }] });
  const options = ({ timeoutMs, signal }) => ({
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    ask: async (prompt, how = {}) => (await client(how).messages.create(body(prompt), options(how))).content?.[0]?.text,
    async stream(prompt, how = {}) {
      const stream = await client(how).messages.create({ ...body(prompt), stream: true }, options(how));
      return readAll(stream, (event) => event.delta?.text, how);
    },
  };
}
