/** openai 4 to 7 (and groq-sdk, which is generated from the same source). `api` is "chat" or "responses". */
export function openaiAdapter({ module, url, api = "chat", model = "gpt-5.2", path = "/v1" }) {
  const Client = module.default;
  const client = ({ retries = 2 }) => new Client({ apiKey: "stand-in", baseURL: `${url}${path}`, maxRetries: retries });
  const options = ({ timeoutMs, signal }) => ({
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (api === "responses") {
    return {
      ask: async (prompt, how = {}) => (await client(how).responses.create({ model, input: prompt }, options(how))).output_text,
      async stream(prompt, how = {}) {
        let text = "";
        for await (const event of await client(how).responses.create({ model, input: prompt, stream: true }, options(how))) {
          if (event.type === "response.output_text.delta") text += event.delta;
          if (event.type === "error") throw new Error(event.message);
          if (how.stopAfter !== undefined && text.length > how.stopAfter) break;
        }
        return text;
      },
    };
  }
  const body = (prompt) => ({ model, messages: [{ role: "user", content: prompt }] });
  return {
    ask: async (prompt, how = {}) => (await client(how).chat.completions.create(body(prompt), options(how))).choices?.[0]?.message?.content,
    async stream(prompt, how = {}) {
      const stream = await client(how).chat.completions.create(
        { ...body(prompt), stream: true, stream_options: { include_usage: true } },
        options(how),
      );
      return readAll(stream, (chunk) => chunk.choices?.[0]?.delta?.content, how);
    },
  };
}

/** Reads a stream to its end, or until enough was read. */
export async function readAll(stream, textOf, { stopAfter } = {}) {
  let text = "";
  for await (const chunk of stream) {
    text += textOf(chunk) ?? "";
    if (stopAfter !== undefined && text.length > stopAfter) break;
  }
  return text;
}
