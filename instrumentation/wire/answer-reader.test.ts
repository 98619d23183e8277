import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ServedCall, Wire } from "../../processor/demo/provider-stand-in/served-call.ts";
import { anthropicMessages as anthropicServed } from "../../processor/demo/provider-stand-in/wires/anthropic.ts";
import { bedrockConverse as converseServed, bedrockInvoke as invokeServed } from "../../processor/demo/provider-stand-in/wires/bedrock.ts";
import { cohereChat as cohereServed } from "../../processor/demo/provider-stand-in/wires/cohere.ts";
import { geminiGenerate as geminiServed } from "../../processor/demo/provider-stand-in/wires/gemini.ts";
import { ollamaChat as ollamaServed } from "../../processor/demo/provider-stand-in/wires/ollama.ts";
import { openAiChat as chatServed, openAiResponses as responsesServed } from "../../processor/demo/provider-stand-in/wires/openai.ts";
import { addUsage } from "../call/usage-attributes.ts";
import { anthropicMessages } from "./anthropic.ts";
import { answerReader } from "./answer-reader.ts";
import { emptyAnswer } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { bedrockConverse, bedrockInvoke } from "./bedrock.ts";
import { cohereChat } from "./cohere.ts";
import { gemini } from "./gemini.ts";
import { inflated } from "./inflate.ts";
import { ollama } from "./ollama.ts";
import { openAiChat, openAiResponses } from "./openai.ts";
import type { WireDialect } from "./wire-dialect.ts";
import { WIRES } from "./wires.ts";

const USAGE = { uncachedInput: 100, cacheRead: 1024, cacheWrite5m: 30, cacheWrite1h: 20, output: 77, reasoning: 7 };
const CALL: ServedCall = {
  id: "1",
  model: "model-1",
  operation: "chat",
  streaming: true,
  usage: USAGE,
  pieces: ["wörd ", "日本 ", 'quote" ', "data: \\n"],
  filtered: false,
  withoutUsage: false,
  alwaysUsage: true,
  createdAt: 1_764_000_000,
  request: { stream_options: { include_usage: true } },
};

const PAIRS: readonly { readonly wire: WireDialect; readonly served: Wire; readonly provider: string }[] = [
  { wire: openAiChat, served: chatServed, provider: "openai" },
  { wire: openAiResponses, served: responsesServed, provider: "openai" },
  { wire: anthropicMessages, served: anthropicServed, provider: "anthropic" },
  { wire: gemini, served: geminiServed, provider: "gcp.gemini" },
  { wire: bedrockConverse, served: converseServed, provider: "aws.bedrock" },
  { wire: bedrockInvoke, served: invokeServed, provider: "aws.bedrock" },
  { wire: cohereChat, served: cohereServed, provider: "cohere" },
  { wire: ollama, served: ollamaServed, provider: "ollama" },
];

function read(wire: WireDialect, contentType: string, chunks: readonly Uint8Array[], encoding = ""): Answer {
  const answer = emptyAnswer();
  const reader = inflated(encoding, answerReader(contentType, { wire, answer }));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return answer;
}

function streamOf(served: Wire): Buffer {
  return Buffer.concat(served.stream(CALL).map((chunk) => Buffer.from(chunk)));
}

describe.each(PAIRS)("$wire.name", ({ wire, served, provider }) => {
  it("reads the output that was served, whole and streamed", () => {
    const whole = read(wire, served.contentType, [Buffer.from(JSON.stringify(served.answer(CALL)))]);
    const streamed = read(wire, served.streamContentType, [streamOf(served)]);
    for (const answer of [whole, streamed]) {
      const attributes = {};
      addUsage(attributes, answer.usage, { provider, model: "model-1" });
      expect(attributes).toMatchObject({ "gen_ai.usage.output_tokens": USAGE.output });
      expect(answer.finishReasons).toHaveLength(1);
      expect(answer.error).toBeUndefined();
    }
  });

  it("finds the same however the stream is cut into chunks, and leaves the chunks as they were", () => {
    const bytes = streamOf(served);
    const expected = read(wire, served.streamContentType, [bytes]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...new Set(cuts), bytes.length].toSorted((a, b) => a - b);
        const chunks = edges.slice(1).map((edge, index) => Buffer.from(bytes.subarray(edges[index], edge)));
        expect(read(wire, served.streamContentType, chunks)).toEqual(expected);
        expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("reads the error that ends a stream", () => {
    const half = served
      .stream(CALL)
      .slice(0, 2)
      .map((chunk) => Buffer.from(chunk));
    expect(read(wire, served.streamContentType, [...half, Buffer.from(served.streamError)]).error).toBeDefined();
  });

  it("reads the provider's words in every refusal", () => {
    for (const { body, headers } of Object.values(served.failures)) {
      const answer = emptyAnswer();
      wire.readHeaders?.((name) => headers?.[name], answer);
      const reader = answerReader("application/json", { wire, answer });
      reader.push(Buffer.from(JSON.stringify(body)));
      reader.end();
      expect(answer.error?.message ?? answer.error?.code, JSON.stringify(body)).toBeDefined();
    }
  });

  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
  ] as const)("reads through %s, also when it was cut", (encoding, compress) => {
    const compressed = compress(streamOf(served));
    expect(read(wire, served.streamContentType, [compressed], encoding)).toEqual(read(wire, served.streamContentType, [streamOf(served)]));
    expect(() => read(wire, served.streamContentType, [compressed.subarray(0, compressed.length / 2)], encoding)).not.toThrow();
  });
});

describe("any bytes under any content type", () => {
  const contentTypes = [
    "application/json",
    "text/event-stream",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
    "text/html",
    "",
  ];
  it("are read without an exception", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...WIRES),
        fc.constantFrom(...contentTypes),
        fc.constantFrom("", "gzip", "br", "deflate", "zstd"),
        fc.array(fc.uint8Array({ maxLength: 300 })),
        (wire, type, encoding, chunks) => {
          read(wire, type, chunks, encoding);
        },
      ),
    );
  });

  it("and any JSON in the place of an answer or an event", () => {
    fc.assert(
      fc.property(fc.constantFrom(...WIRES), fc.jsonValue(), (wire, value) => {
        read(wire, "application/json", [Buffer.from(JSON.stringify(value))]);
        read(wire, "text/event-stream", [Buffer.from(`data: ${JSON.stringify(value)}\n\n`)]);
      }),
    );
  });
});
