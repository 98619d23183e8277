import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { crc32 } from "node:zlib";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProviderStandIn } from "./provider-stand-in.ts";
import type { ProviderStandIn } from "./provider-stand-in.ts";
import { encodeEventStreamMessage } from "./provider-stand-in/event-stream-message.ts";
import { parseScript } from "./provider-stand-in/script.ts";

let standIn: ProviderStandIn;
beforeAll(async () => {
  standIn = await startProviderStandIn();
});
afterAll(async () => {
  await standIn.close();
});

const truth = () => standIn.requests.at(-1);
const ask = { model: "gpt-5.2", messages: [{ role: "user" as const, content: "hello" }] };

describe("the real SDKs read the stand-in's answers", () => {
  it("openai: chat, streamed chat with usage, responses, embeddings", async () => {
    const openai = new OpenAI({ apiKey: "k", baseURL: `${standIn.url}/v1` });
    const chat = await openai.chat.completions.create(ask);
    expect(chat.usage?.completion_tokens).toBe(truth()?.usage?.output);
    const stream = await openai.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } });
    let last: number | undefined;
    for await (const chunk of stream) last = chunk.usage?.completion_tokens ?? last;
    expect(last).toBe(truth()?.usage?.output);
    const response = await openai.responses.create({ model: "gpt-5.2", input: "hello" });
    expect(response.output_text.length).toBeGreaterThan(10);
    const events: string[] = [];
    for await (const event of await openai.responses.create({ model: "gpt-5.2", input: "hello", stream: true })) events.push(event.type);
    expect(events.at(-1)).toBe("response.completed");
    const embeddings = await openai.embeddings.create({ model: "text-embedding-3-small", input: "hello" });
    expect(embeddings.data[0]?.embedding[0]).toBe(1);
  });

  it("anthropic: a marked prompt is written to the cache once and then read", async () => {
    const anthropic = new Anthropic({ apiKey: "k", baseURL: standIn.url });
    const system = [
      { type: "text" as const, text: "rule ".repeat(2000), cache_control: { type: "ephemeral" as const, ttl: "1h" as const } },
    ];
    const body = { model: "claude-sonnet-4-5", max_tokens: 100, system, messages: ask.messages };
    const written = await anthropic.messages.create(body);
    expect(written.usage.cache_creation?.ephemeral_1h_input_tokens).toBeGreaterThan(1024);
    const read = await anthropic.messages.stream(body).finalMessage();
    expect(read.usage.cache_read_input_tokens).toBe(written.usage.cache_creation_input_tokens);
  });

  it("gemini: answer and stream", async () => {
    const google = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: standIn.url } });
    const answer = await google.models.generateContent({ model: "gemini-2.5-flash", contents: "hello" });
    expect(answer.usageMetadata?.candidatesTokenCount).toBe(truth()?.usage?.output);
    let text = "";
    for await (const chunk of await google.models.generateContentStream({ model: "gemini-2.5-flash", contents: "hello" }))
      text += chunk.text;
    expect(text).toBe(answer.text);
  });
});

describe("scripts", () => {
  it("answers the attempts of one call in order, as the SDK's own retries see it", async () => {
    const openai = new OpenAI({ apiKey: "k", baseURL: `${standIn.url}/~retried~rate_limit;after-ms=5,server_error;after-ms=5,ok/v1` });
    await openai.chat.completions.create(ask);
    expect(standIn.requests.filter(({ scriptId }) => scriptId === "retried").map(({ status }) => status)).toEqual([429, 500, 200]);
  });

  it.each([
    ["quota", 429, "insufficient_quota"],
    ["auth", 401, "invalid_api_key"],
    ["context_length", 400, "context_length_exceeded"],
    ["model_not_found", 404, "model_not_found"],
  ])("%s by header is HTTP %i with code %s", async (outcome, status, code) => {
    const openai = new OpenAI({ apiKey: "k", baseURL: `${standIn.url}/v1`, maxRetries: 0 });
    const failed = openai.chat.completions.create(ask, { headers: { "x-stand-in": outcome } });
    await expect(failed).rejects.toMatchObject({ status, code });
  });

  it("by a mark in the prompt; a cut stream and a reset fail in the client", async () => {
    const anthropic = new Anthropic({ apiKey: "k", baseURL: standIn.url, maxRetries: 0 });
    for (const outcome of ["cut", "stream_error", "reset"]) {
      const messages = [{ role: "user" as const, content: `[[${outcome}1~${outcome}]]` }];
      await expect(anthropic.messages.stream({ model: "claude-sonnet-4-5", max_tokens: 9, messages }).finalMessage()).rejects.toThrow();
    }
  });

  it("compressed answers are read by fetch", async () => {
    for (const encoding of ["gzip", "br"]) {
      const openai = new OpenAI({ apiKey: "k", baseURL: `${standIn.url}/~~ok;${encoding}=1;output=77/v1` });
      const chat = await openai.chat.completions.create(ask);
      expect(chat.usage?.completion_tokens).toBe(77);
    }
  });

  it("refuses a script with a typo, naming what was expected", () => {
    expect(() => parseScript("x~rate-limit")).toThrow(/no outcome named "rate-limit"; expected one of ok, rate_limit/);
    expect(() => parseScript("x~ok;read=many")).toThrow(/needs a number/);
  });
});

describe("event-stream messages", () => {
  it("carry both checksums of the specification", () => {
    const message = Buffer.from(encodeEventStreamMessage({ ":event-type": "chunk" }, '{"a":1}'));
    expect(message.readUInt32BE(0)).toBe(message.length);
    expect(message.readUInt32BE(8)).toBe(crc32(message.subarray(0, 8)));
    expect(message.readUInt32BE(message.length - 4)).toBe(crc32(message.subarray(0, message.length - 4)));
  });
});
