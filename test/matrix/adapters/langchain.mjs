import { readAll } from "./openai.mjs";

/** @langchain/openai and @langchain/anthropic: a vendor SDK inside, told not to retry, and LangChain's own retries outside. */
export function langchainAdapter({ module, url, vendor, model }) {
  const client = ({ retries = 2, timeoutMs }) => {
    const common = { model, apiKey: "stand-in", maxRetries: retries };
    return vendor === "anthropic"
      ? new module.ChatAnthropic({
          ...common,
          maxTokens: 200,
          anthropicApiUrl: url,
          clientOptions: timeoutMs === undefined ? {} : { timeout: timeoutMs },
        })
      : new module.ChatOpenAI({
          ...common,
          configuration: { baseURL: `${url}/v1` },
          ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
        });
  };
  const options = ({ signal }) => (signal === undefined ? {} : { signal });
  const textOf = ({ content }) => (typeof content === "string" ? content : content?.map((part) => part.text ?? "").join(""));
  return {
    ask: async (prompt, how = {}) => textOf(await client(how).invoke(prompt, options(how))),
    stream: async (prompt, how = {}) => readAll(await client(how).stream(prompt, options(how)), textOf, how),
  };
}
