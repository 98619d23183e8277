import { seededRandom } from "../processor/demo/history-random.ts";
import { referenceCodec, type ReferenceKeyValue } from "../test/support/otlp-reference-codec.ts";
import type { ReferenceRequest, ReferenceSpan } from "../test/support/otlp-requests.ts";

/** What a request of the corpus holds. */
export interface CorpusOptions {
  /** Spans a request, about. */
  readonly spans: number;
  /** Prompts and answers of 2 to 8 KB on every model call, in running English, no two alike. */
  readonly content: boolean;
  readonly seed: number;
  /** When the time of its traces begins, milliseconds since 1970, and how long it is; an hour of a fixed day without them. */
  readonly epochMs?: number;
  readonly spreadMs?: number;
}

export interface CorpusRequest {
  readonly body: Uint8Array;
  readonly spans: number;
  readonly genAiSpans: number;
}

const codec = referenceCodec("ExportTraceServiceRequest");

const MODELS = [
  { provider: "openai", model: "gpt-5.2", response: "gpt-5.2-2025-12-11", host: "api.openai.com", path: "/v1/chat/completions" },
  { provider: "openai", model: "gpt-5-mini", response: "gpt-5-mini-2025-08-07", host: "api.openai.com", path: "/v1/responses" },
  {
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    response: "claude-sonnet-4-5-20250929",
    host: "api.anthropic.com",
    path: "/v1/messages",
  },
  {
    provider: "gcp.gemini",
    model: "gemini-2.5-flash",
    response: "gemini-2.5-flash",
    host: "generativelanguage.googleapis.com",
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
  },
] as const;

const ROUTES = ["/api/chat", "/api/summarize", "/api/agent/run", "/api/search"] as const;

/** A few of the commonest words, drawn with a bias to the first: close to what a compressor finds in real text. */
const WORDS =
  `the of and to in a is that for it as was with be by on not he i this are or his from at which but have an had they you were their one all we can her has there been if more when will would who so no said what up its about into than them only other time new some could these two may first then do any my now such like our over man me even most made after also did many before must through years where much your way down should because long each just state people those too how little good world make very year still work life own here men day get great between under never another might against place come since part water used against rather perhaps measure system number question answer context table weather report invoice customer contract summary translate explain because therefore however although function variable error network request database schedule meeting budget quarter revenue forecast`.split(
    " ",
  );

/**
 * One export request of an application that calls models: traces of an HTTP server span, one to three chat spans with the
 * attributes of the convention, and the HTTP request beneath each; one call in twenty fails, with an exception event.
 */
export function corpusRequest({ spans: spansMin, content, seed, epochMs = EPOCH_MS, spreadMs = HOUR_MS }: CorpusOptions): CorpusRequest {
  const random = seededRandom(seed).next;
  const http: ReferenceSpan[] = [];
  const chats: ReferenceSpan[] = [];
  while (http.length + chats.length < spansMin) addTrace({ random, content, epochMs, spreadMs }, http, chats);
  const request: ReferenceRequest = {
    resourceSpans: [
      {
        resource: { attributes: resourceAttributes(random) },
        scopeSpans: [
          { scope: { name: "@opentelemetry/instrumentation-http", version: "0.223.0" }, spans: http },
          { scope: { name: "opentelemetry.instrumentation.openai_v2", version: "2.4b0" }, spans: chats },
        ],
      },
    ],
  };
  return { body: codec.encode(codec.fromObject(request)).finish(), spans: http.length + chats.length, genAiSpans: chats.length };
}

interface Source {
  readonly random: () => number;
  readonly content: boolean;
  readonly epochMs: number;
  readonly spreadMs: number;
}

const EPOCH_MS = 1_764_000_000_000;
const HOUR_MS = 3_600_000;

function addTrace({ random, content, epochMs, spreadMs }: Source, http: ReferenceSpan[], chats: ReferenceSpan[]): void {
  const traceId = bytes(random, 16);
  const rootId = bytes(random, 8);
  const calls = 1 + Math.floor(random() * 3);
  const startMs = epochMs + Math.floor(random() * spreadMs);
  let atMs = startMs + 2;
  for (let call = 0; call < calls; call++) {
    const durationMs = 300 + Math.floor(random() * 4_000);
    const place = { traceId, spanId: bytes(random, 8), parentId: rootId, startMs: atMs, endMs: atMs + durationMs };
    const chat = chatSpan(random, content, place);
    chats.push(chat.span);
    http.push(
      httpSpan(random, chat, {
        ...place,
        spanId: bytes(random, 8),
        parentId: place.spanId,
        startMs: atMs + 1,
        endMs: atMs + durationMs - 1,
      }),
    );
    atMs += durationMs + 5;
  }
  http.push(serverSpan(random, { traceId, spanId: rootId, parentId: null, startMs, endMs: atMs + 3 }));
}

interface Place {
  readonly spanId: Uint8Array;
  readonly traceId: Uint8Array;
  readonly parentId: Uint8Array | null;
  readonly startMs: number;
  readonly endMs: number;
}

interface Chat {
  readonly span: ReferenceSpan;
  readonly model: (typeof MODELS)[number];
  readonly failed: boolean;
}

function chatSpan(random: () => number, content: boolean, place: Place): Chat {
  const model = pick(random, MODELS);
  const failed = random() < 0.05;
  const inputTokens = 200 + Math.floor(random() * 4_000);
  const attributes: ReferenceKeyValue[] = [
    text("gen_ai.operation.name", "chat"),
    text("gen_ai.provider.name", model.provider),
    text("gen_ai.request.model", model.model),
    int("gen_ai.request.max_tokens", 1_024),
    double("gen_ai.request.temperature", 0.7),
    double("gen_ai.request.top_p", 0.95),
    text("server.address", model.host),
    int("server.port", 443),
    text("gen_ai.conversation.id", `conv-${hex(random, 12)}`),
    text("app.feature", pick(random, ["assistant", "search", "summary"])),
  ];
  if (failed) attributes.push(text("error.type", "RateLimitError"));
  else {
    attributes.push(
      text("gen_ai.response.id", `chatcmpl-${hex(random, 29)}`),
      text("gen_ai.response.model", model.response),
      { key: "gen_ai.response.finish_reasons", value: { arrayValue: { values: [{ stringValue: "stop" }] } } },
      int("gen_ai.usage.input_tokens", inputTokens),
      int("gen_ai.usage.output_tokens", 20 + Math.floor(random() * 800)),
      int("gen_ai.usage.cache_read.input_tokens", Math.floor(inputTokens * random())),
      double("gen_ai.response.time_to_first_chunk", 0.1 + random()),
    );
  }
  if (content) addContent(random, attributes, failed);
  const span = spanOf(`chat ${model.model}`, 3, place, attributes);
  if (!failed) return { span, model, failed };
  const message = `429 Rate limit reached for ${model.model} in organization org-${hex(random, 8)} on tokens per min (TPM). Please try again in 1.2s.`;
  span.status = { code: 2, message };
  span.events = [
    {
      timeUnixNano: `${place.endMs}000000`,
      name: "exception",
      attributes: [
        text("exception.type", "RateLimitError"),
        text("exception.message", message),
        text(
          "exception.stacktrace",
          `RateLimitError: ${message}\n${"    at APIPromise.parse (/app/node_modules/openai/core.js:120:21)\n".repeat(8)}`,
        ),
      ],
    },
  ];
  return { span, model, failed };
}

function addContent(random: () => number, attributes: ReferenceKeyValue[], failed: boolean): void {
  const size = 2_048 + Math.floor(random() * 6_144);
  const message = (role: string, characters: number): string =>
    JSON.stringify([{ role, parts: [{ type: "text", content: prose(random, characters) }] }]);
  attributes.push(text("gen_ai.input.messages", message("user", failed ? size : Math.floor(size * 0.7))));
  if (!failed) attributes.push(text("gen_ai.output.messages", message("assistant", Math.floor(size * 0.3))));
}

function prose(random: () => number, characters: number): string {
  let out = "";
  let sentence = 0;
  while (out.length < characters) {
    const word = WORDS[Math.floor(random() ** 2 * WORDS.length)] ?? "the";
    out += sentence === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : ` ${word}`;
    sentence = random() < 0.08 ? 0 : sentence + 1;
    if (sentence === 0) out += random() < 0.2 ? '.\n\n"' : ". ";
  }
  return out;
}

function httpSpan(random: () => number, { model, failed }: Chat, place: Place): ReferenceSpan {
  const attributes = [
    text("http.request.method", "POST"),
    text("url.full", `https://${model.host}${model.path}`),
    text("server.address", model.host),
    int("server.port", 443),
    text("network.protocol.version", "1.1"),
    text("network.peer.address", `104.18.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`),
    int("http.response.status_code", failed ? 429 : 200),
    text("user_agent.original", "OpenAI/JS 6.49.0"),
  ];
  if (failed) attributes.push(text("error.type", "429"));
  const span = spanOf("POST", 3, place, attributes);
  if (failed) span.status = { code: 2 };
  return span;
}

function serverSpan(random: () => number, place: Place): ReferenceSpan {
  const route = pick(random, ROUTES);
  return spanOf(`POST ${route}`, 2, place, [
    text("http.request.method", "POST"),
    text("http.route", route),
    text("url.path", route),
    text("url.scheme", "https"),
    text("server.address", "app.example.com"),
    text("network.peer.address", `10.0.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`),
    text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    int("http.response.status_code", 200),
  ]);
}

function spanOf(name: string, kind: number, place: Place, attributes: ReferenceKeyValue[]): ReferenceSpan {
  return {
    traceId: place.traceId,
    spanId: place.spanId,
    ...(place.parentId === null ? {} : { parentSpanId: place.parentId }),
    name,
    kind,
    startTimeUnixNano: `${place.startMs}000123`,
    endTimeUnixNano: `${place.endMs}000456`,
    attributes,
    flags: 257,
  };
}

function resourceAttributes(random: () => number): ReferenceKeyValue[] {
  return [
    text("service.name", pick(random, ["checkout", "assistant", "search"])),
    text("service.version", "1.14.2"),
    text("deployment.environment.name", "production"),
    text("telemetry.sdk.name", "opentelemetry"),
    text("telemetry.sdk.language", "nodejs"),
    text("telemetry.sdk.version", "2.12.1"),
    text("host.name", `pod-${hex(random, 10)}`),
    int("process.pid", 17),
  ];
}

const text = (key: string, stringValue: string): ReferenceKeyValue => ({ key, value: { stringValue } });
const int = (key: string, intValue: number): ReferenceKeyValue => ({ key, value: { intValue } });
const double = (key: string, doubleValue: number): ReferenceKeyValue => ({ key, value: { doubleValue } });

function pick<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

function bytes(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => 1 + Math.floor(random() * 255));
}

function hex(random: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
}
