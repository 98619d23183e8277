import { readAll } from "./openai.mjs";

/** @google/genai 1 to 3. It retries only when told to, and then on some statuses. */
export function googleAdapter({ module, url, model = "gemini-2.5-flash" }) {
  const client = ({ retries = 2, timeoutMs }) => {
    const retryOptions = retries === 0 ? {} : { retryOptions: { attempts: retries + 1, initialDelay: 0.05, maxDelay: 0.2 } };
    const timeout = timeoutMs === undefined ? {} : { timeout: timeoutMs };
    return new module.GoogleGenAI({ apiKey: "stand-in", httpOptions: { baseUrl: url, ...timeout, ...retryOptions } });
  };
  const body = (prompt, { signal }) => ({ model, contents: prompt, config: signal === undefined ? {} : { abortSignal: signal } });
  return {
    ask: async (prompt, how = {}) => (await client(how).models.generateContent(body(prompt, how))).text,
    stream: async (prompt, how = {}) =>
      readAll(await client(how).models.generateContentStream(body(prompt, how)), (chunk) => chunk.text, how),
  };
}
