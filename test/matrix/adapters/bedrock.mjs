import { readAll } from "./openai.mjs";

const MODEL = "anthropic.claude-sonnet-4-6";

/** @aws-sdk/client-bedrock-runtime over HTTP/2 (its default) or HTTP/1.1; api "converse" or "invoke". */
export async function bedrockAdapter({ module, url, http2Url, transport, api }) {
  const { NodeHttpHandler, NodeHttp2Handler } = await import("@smithy/node-http-handler");
  const client = ({ retries = 2, timeoutMs }) => {
    const timeouts = timeoutMs === undefined ? {} : { requestTimeout: timeoutMs, throwOnRequestTimeout: true };
    return new module.BedrockRuntimeClient({
      region: "us-east-1",
      endpoint: transport === "http2" ? http2Url : url,
      credentials: { accessKeyId: "stand-in", secretAccessKey: "stand-in" },
      maxAttempts: retries + 1,
      requestHandler: transport === "http2" ? new NodeHttp2Handler(timeouts) : new NodeHttpHandler(timeouts),
    });
  };
  const converse = (prompt) => ({ modelId: MODEL, messages: [{ role: "user", content: [{ text: prompt }] }] });
  const invoke = (prompt) => ({
    modelId: MODEL,
    contentType: "application/json",
    body: JSON.stringify({ anthropic_version: "bedrock-2023-05-31", max_tokens: 100, messages: [{ role: "user", content: prompt }] }),
  });
  const options = ({ signal }) => (signal === undefined ? {} : { abortSignal: signal });
  const send = async (command, how) => {
    const sender = client(how);
    return sender.send(command, options(how));
  };
  if (api === "invoke") {
    return {
      ask: async (prompt, how = {}) =>
        JSON.parse(new TextDecoder().decode((await send(new module.InvokeModelCommand(invoke(prompt)), how)).body)).content[0].text,
      async stream(prompt, how = {}) {
        const { body } = await send(new module.InvokeModelWithResponseStreamCommand(invoke(prompt)), how);
        return readAll(body, (event) => JSON.parse(new TextDecoder().decode(event.chunk.bytes)).delta?.text, how);
      },
    };
  }
  return {
    ask: async (prompt, how = {}) => (await send(new module.ConverseCommand(converse(prompt)), how)).output.message.content[0].text,
    async stream(prompt, how = {}) {
      const { stream } = await send(new module.ConverseStreamCommand(converse(prompt)), how);
      return readAll(stream, (event) => event.contentBlockDelta?.delta?.text, how);
    },
  };
}
