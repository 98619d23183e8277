import { readAll } from "./openai.mjs";

/** @mistralai/mistralai: fetch with a Request object; retries only when told to. */
export function mistralAdapter({ module, url, model = "mistral-large-latest" }) {
  const backoff = { initialInterval: 50, maxInterval: 200, exponent: 1.5, maxElapsedTime: 20_000 };
  const client = ({ retries = 2, timeoutMs }) =>
    new module.Mistral({
      apiKey: "stand-in",
      serverURL: url,
      retryConfig: retries === 0 ? { strategy: "none" } : { strategy: "backoff", backoff, retryConnectionErrors: true },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  const body = (prompt) => ({ model, messages: [{ role: "user", content: prompt }] });
  const options = ({ signal }) => (signal === undefined ? {} : { fetchOptions: { signal } });
  return {
    ask: async (prompt, how = {}) => (await client(how).chat.complete(body(prompt), options(how))).choices[0].message.content,
    stream: async (prompt, how = {}) =>
      readAll(await client(how).chat.stream(body(prompt), options(how)), ({ data }) => data.choices?.[0]?.delta?.content, how),
  };
}
