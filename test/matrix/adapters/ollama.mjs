import { readAll } from "./openai.mjs";

/** ollama: no retries, no time limit, no signal. */
export function ollamaAdapter({ module, url, model = "llama3.3" }) {
  const client = new module.Ollama({ host: url });
  const body = (prompt) => ({ model, messages: [{ role: "user", content: prompt }] });
  return {
    ask: async (prompt) => (await client.chat(body(prompt))).message.content,
    stream: async (prompt, how = {}) => readAll(await client.chat({ ...body(prompt), stream: true }), (part) => part.message.content, how),
  };
}
