/** Vercel `ai` 4 to 7 with the vendor package of its time. It has no time limit of its own; `retries` are its maxRetries. */
export async function vercelAiAdapter({ module, url, vendor, vendorPackage, model, api }) {
  const { createOpenAI, createAnthropic } = await import(vendorPackage);
  const provider =
    vendor === "anthropic"
      ? createAnthropic({ apiKey: "stand-in", baseURL: `${url}/v1` })
      : createOpenAI({ apiKey: "stand-in", baseURL: `${url}/v1`, compatibility: "strict" });
  const chosen = api === "chat" ? provider.chat(model) : provider(model);
  const options = (prompt, { retries = 2, signal }) => ({
    model: chosen,
    prompt,
    maxRetries: retries,
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  return {
    ask: async (prompt, how = {}) => (await module.generateText(options(prompt, how))).text,
    async stream(prompt, how = {}) {
      let text = "";
      const { fullStream } = module.streamText({ ...options(prompt, how), onError: () => {} });
      for await (const part of fullStream) {
        if (part.type === "error") throw part.error;
        if (part.type === "text-delta") text += part.text ?? part.delta ?? part.textDelta ?? "";
        if (how.stopAfter !== undefined && text.length > how.stopAfter) break;
      }
      return text;
    },
  };
}
