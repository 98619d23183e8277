/** HTTP clients without an SDK: what an application that talks to an OpenAI-compatible server by itself does. */
const CLIENTS = {
  async axios({ default: axios }, { url, body, how }) {
    const options = { responseType: body.stream ? "stream" : "json", timeout: how.timeoutMs, signal: how.signal };
    return (await axios.post(url, body, options)).data;
  },
  async got({ default: got }, { url, body, how }) {
    const options = {
      json: body,
      retry: { limit: how.retries ?? 2, methods: ["POST"], backoffLimit: 200 },
      signal: how.signal,
      ...(how.timeoutMs ? { timeout: { request: how.timeoutMs } } : {}),
    };
    return body.stream ? got.stream.post(url, { ...options, retry: { limit: 0 } }) : got.post(url, options).json();
  },
  async "node-fetch"({ default: fetch }, { url, body, how }) {
    return readFetch(
      await fetch(url, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal: how.signal }),
      body,
    );
  },
  async "global-fetch"(module, { url, body, how }) {
    return readFetch(
      await fetch(url, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" }, signal: how.signal }),
      body,
    );
  },
  async "undici-fetch"({ fetch, Agent }, { url, body, how }) {
    const init = {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
      signal: how.signal,
      dispatcher: new Agent(),
    };
    return readFetch(await fetch(url, init), body);
  },
  async "undici-request"({ request }, { url, body, how }) {
    const answer = await request(url, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
      signal: how.signal,
    });
    if (answer.statusCode >= 400) throw new Error(`HTTP ${answer.statusCode} ${await answer.body.text()}`);
    return body.stream ? answer.body : answer.body.json();
  },
};

export function plainHttpAdapter({ module, url, client }) {
  const send = (prompt, how, stream) =>
    CLIENTS[client](module, {
      url: `${url}/v1/chat/completions`,
      how,
      body: { model: "gpt-5.2", messages: [{ role: "user", content: prompt }], ...stream },
    });
  return {
    ask: async (prompt, how = {}) => (await send(prompt, how, {})).choices[0].message.content,
    async stream(prompt, how = {}) {
      let text = "";
      const decoder = new TextDecoder();
      for await (const chunk of await send(prompt, how, { stream: true, stream_options: { include_usage: true } })) {
        text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
        if (how.stopAfter !== undefined && text.length > 800) return "enough";
      }
      return text.replaceAll(/"(?:id|created)":[^,]*,/g, "");
    },
  };
}

async function readFetch(response, { stream }) {
  if (!response.ok) throw new Error(`HTTP ${response.status} ${await response.text()}`);
  return stream ? response.body : response.json();
}
