import { randomBytes } from "node:crypto";
import { type ReferenceKeyValue, referenceCodec } from "./otlp-reference-codec.ts";

const INTERNAL = 1;
const CLIENT = 3;
const REQUEST = referenceCodec("ExportTraceServiceRequest");

export interface TraceRequestOptions {
  readonly spans: number;
  /** Every how-manieth span is no GenAI span; 0 = none. */
  readonly plainEvery?: number;
  /** Every how-manieth GenAI span failed. */
  readonly failedEvery?: number;
  readonly startMs?: number;
  readonly provider?: string;
  /** Characters of prompt in every GenAI span. */
  readonly promptChars?: number;
  readonly service?: string;
  /** Every span says which it is: `user.id` is its span id. */
  readonly signed?: boolean;
}

export interface TraceRequest {
  readonly protobuf: Buffer;
  readonly json: Buffer;
  /** Hex. */
  readonly spanIds: readonly string[];
}

/** A request with random ids, encoded by the reference codec: one trace, as an application sends it. */
export function traceRequest(options: TraceRequestOptions): TraceRequest {
  const spans = spansOf(options);
  const request = {
    resourceSpans: [
      {
        resource: { attributes: [text("service.name", options.service ?? "test"), text("deployment.environment.name", "test")] },
        scopeSpans: [
          { scope: { name: "@opentelemetry/instrumentation-openai", version: "1" }, spans: spans.filter(({ kind }) => kind === CLIENT) },
          { scope: { name: "shop" }, spans: spans.filter(({ kind }) => kind !== CLIENT) },
        ],
      },
    ],
  };
  return {
    protobuf: Buffer.from(REQUEST.encode(REQUEST.fromObject(request)).finish()),
    json: Buffer.from(JSON.stringify(request, hexIds)),
    spanIds: spans.map(({ spanId }) => spanId.toString("hex")),
  };
}

function spansOf(options: TraceRequestOptions) {
  const { plainEvery = 0, failedEvery = 10, startMs = Date.now() - 60_000 } = options;
  const traceId = randomBytes(16);
  return Array.from({ length: options.spans }, (_, index) => {
    const plain = plainEvery > 0 && index % plainEvery === 0;
    const failed = !plain && failedEvery > 0 && index % failedEvery === failedEvery - 1;
    const spanId = randomBytes(8);
    const signature = options.signed === true ? [text("user.id", spanId.toString("hex"))] : [];
    return {
      traceId,
      spanId,
      name: plain ? "work" : "chat gpt-4o",
      kind: plain ? INTERNAL : CLIENT,
      startTimeUnixNano: nanos(startMs + index),
      endTimeUnixNano: nanos(startMs + index + 800),
      attributes: [...(plain ? [text("custom.key", "value")] : genAiAttributes(options, failed)), ...signature],
      status: failed ? { code: 2, message: "429 Rate limit reached" } : {},
    };
  });
}

function genAiAttributes({ provider = "openai", promptChars = 0 }: TraceRequestOptions, failed: boolean): ReferenceKeyValue[] {
  return [
    text("gen_ai.operation.name", "chat"),
    text("gen_ai.provider.name", provider),
    text("gen_ai.request.model", "gpt-4o"),
    ...(promptChars > 0 ? [text("gen_ai.input.messages", "secret ".repeat(Math.ceil(promptChars / 7)).slice(0, promptChars))] : []),
    ...(failed
      ? [text("error.type", "RateLimitError"), int("http.response.status_code", 429)]
      : [
          text("gen_ai.response.model", "gpt-4o-2024-08-06"),
          int("gen_ai.usage.input_tokens", 1000),
          int("gen_ai.usage.output_tokens", 50),
        ]),
  ];
}

export const text = (key: string, stringValue: string): ReferenceKeyValue => ({ key, value: { stringValue } });
export const int = (key: string, intValue: number): ReferenceKeyValue => ({ key, value: { intValue: String(intValue) } });

const nanos = (ms: number): string => `${BigInt(Math.round(ms)) * 1_000_000n}`;

/** Ids are hex in OTLP/JSON; JSON.stringify meets a Buffer as its toJSON form. */
function hexIds(key: string, value: unknown): unknown {
  const isBuffer = typeof value === "object" && value !== null && (value as { type?: string }).type === "Buffer";
  return isBuffer && key.endsWith("Id") ? Buffer.from((value as { data: number[] }).data).toString("hex") : value;
}

/** 500 spans, some as bad as can be; the ids are of those that a gateway has to store. Three are refused. */
export function poisonedRequest(): { readonly poisoned: Buffer; readonly spanIds: readonly string[] } {
  const spans = spansOf({ spans: 499, failedEvery: 0 });
  const poison = (index: number, change: Record<string, unknown>): void => void Object.assign(spans[index] ?? {}, change);
  poison(7, { traceId: randomBytes(3) });
  poison(70, { spanId: Buffer.alloc(8) });
  poison(140, { startTimeUnixNano: "18446744073709551615", endTimeUnixNano: "1" });
  const nestedId = randomBytes(8);
  const refused = new Set([7, 70, 140]);
  poison(210, { name: "\0\ud800 name", status: { code: 2, message: "\0\udfff" } });
  poison(280, {
    attributes: [
      text("gen_ai.operation.name", "chat"),
      int("gen_ai.usage.input_tokens", -5),
      { key: "__proto__", value: { stringValue: "x" } },
    ],
  });
  poison(350, {
    attributes: [
      text("gen_ai.operation.name", "chat"),
      { key: "gen_ai.usage.output_tokens", value: { doubleValue: Number.NaN } },
      text("gen_ai.request.model", "\0\ud800".repeat(2000)),
    ],
  });
  const map = { kvlistValue: { values: [{ key: "k", value: { stringValue: "v" } }] } };
  poison(385, {
    attributes: [
      text("http.request.method", "POST"),
      text("url.full", "https://api.openai.com/v1/chat/completions"),
      ...["http.response.status_code", "http.request.resend_count", "http.request.header.x-stainless-retry-count", "error.type"].map(
        (key) => ({
          key,
          value: map,
        }),
      ),
    ],
  });
  poison(420, { attributes: [text("gen_ai.operation.name", "chat"), text("fat", "x".repeat(10_000_000))] });
  const request = {
    resourceSpans: [{ resource: { attributes: [text("service.name", "\0poison")] }, scopeSpans: [{ scope: { name: "poison" }, spans }] }],
  };
  return {
    poisoned: Buffer.concat([REQUEST.encode(REQUEST.fromObject(request)).finish(), nestedSpanRequest(nestedId)]),
    spanIds: [...spans.filter((_span, index) => !refused.has(index)).map(({ spanId }) => spanId), nestedId].map((id) => id.toString("hex")),
  };
}

/** A request with one span whose attribute is a list in a list, 200 deep: by hand, because the reference codec gives up. */
function nestedSpanRequest(spanId: Buffer): Buffer {
  const field = (number: number, content: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
  const nested = Array.from({ length: 200 }).reduce<Buffer>((inner) => field(5, field(1, inner)), field(1, Buffer.from("deep")));
  const attribute = field(9, Buffer.concat([field(1, Buffer.from("nested")), field(2, nested)]));
  const start = Buffer.alloc(9, 0x17);
  start[0] = (7 << 3) | 1;
  return field(1, field(2, field(2, Buffer.concat([field(1, randomBytes(16)), field(2, spanId), start, attribute]))));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, value >>> (7 * bytes.length)]);
}

/** Where an HTTP request stands: its trace, itself, and the span around it. */
export interface TracePlace {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer;
  readonly startMs: number;
}

export const tracePlace = (): TracePlace => ({
  traceId: randomBytes(16),
  spanId: randomBytes(8),
  parentSpanId: randomBytes(8),
  startMs: Date.now() - 5000,
});

/** One HTTP request to a model's endpoint, as an HTTP instrumentation sees it, with no GenAI span around it. */
export function requestToModel({ status, place = tracePlace() }: { readonly status: number; readonly place?: TracePlace }): Buffer {
  const { startMs, ...ids } = place;
  const span = {
    ...ids,
    name: "POST",
    kind: CLIENT,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + 700),
    attributes: [
      text("http.request.method", "POST"),
      text("url.full", "https://api.openai.com/v1/chat/completions"),
      text("server.address", "api.openai.com"),
      int("http.response.status_code", status),
    ],
    status: status >= 400 ? { code: 2 } : {},
  };
  return requestOf("@opentelemetry/instrumentation-undici", span);
}

/** The GenAI span around that request, in a request of its own. */
export function callAround({ traceId, parentSpanId, startMs }: TracePlace): Buffer {
  const span = {
    traceId,
    spanId: parentSpanId,
    name: "chat gpt-4o",
    kind: CLIENT,
    startTimeUnixNano: nanos(startMs - 5),
    endTimeUnixNano: nanos(startMs + 710),
    attributes: genAiAttributes({ spans: 1 }, false),
    status: {},
  };
  return requestOf("@opentelemetry/instrumentation-openai", span);
}

function requestOf(scopeName: string, span: object): Buffer {
  const request = { resourceSpans: [{ scopeSpans: [{ scope: { name: scopeName }, spans: [span] }] }] };
  return Buffer.from(REQUEST.encode(REQUEST.fromObject(request)).finish());
}
