import { SPAN_KIND, STATUS, type Attributes, type Span } from "../../processor/core/span.ts";

/** 2026-11-24, so that prices are known. */
export const START_MS = Date.UTC(2026, 10, 24, 8);

export interface SpanInput extends Partial<Omit<Span, "attributes" | "parentSpanId">> {
  /** Small numbers: 1 stands for 0000000000000001. */
  readonly id: number;
  readonly parent?: number;
  readonly trace?: number;
  /** Milliseconds after START_MS. */
  readonly from?: number;
  readonly to?: number;
  readonly attributes?: Attributes;
}

/** A span with everything that a test does not care for filled in. */
export function spanOf({ id, parent, trace = 1, from = 0, to = 100, attributes = {}, ...over }: SpanInput): Span {
  return {
    traceId: trace.toString(16).padStart(32, "0"),
    spanId: idOf(id),
    parentSpanId: parent === undefined ? "" : idOf(parent),
    name: "span",
    kind: SPAN_KIND.client,
    startMs: START_MS + from,
    endMs: START_MS + to,
    statusCode: STATUS.unset,
    statusMessage: "",
    scopeName: "opentelemetry.util.genai.handler",
    scopeVersion: "",
    attributes: Object.assign(Object.create(null) as Record<string, never>, attributes),
    events: [],
    resource: {},
    ...over,
  };
}

export function idOf(id: number): string {
  return id.toString(16).padStart(16, "0");
}

/** A model call by the convention; it failed when `error` names how. */
export function chatOf(input: SpanInput & { readonly model?: string; readonly error?: string }): Span {
  const { model = "gpt-5.2", error, ...rest } = input;
  return spanOf({
    name: `chat ${model}`,
    statusCode: error === undefined ? STATUS.unset : STATUS.error,
    ...rest,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": model,
      ...(error === undefined ? ANSWER : { "error.type": error }),
      ...input.attributes,
    },
  });
}

const ANSWER = { "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": 1_200, "gen_ai.usage.output_tokens": 80 };

/** A request to OpenAI's chat completions. status 0: no answer. */
export function requestOf(input: SpanInput & { readonly status?: number }): Span {
  const { status = 200, ...rest } = input;
  return spanOf({
    name: "POST",
    scopeName: "@opentelemetry/instrumentation-undici",
    statusCode: status >= 400 ? STATUS.error : STATUS.unset,
    ...rest,
    attributes: {
      "http.request.method": "POST",
      "url.full": "https://api.openai.com/v1/chat/completions",
      ...(status === 0 ? {} : { "http.response.status_code": status }),
      ...(status >= 400 ? { "error.type": String(status) } : {}),
      ...input.attributes,
    },
  });
}

/** A span of the application. */
export function appOf(input: SpanInput): Span {
  return spanOf({ name: "app.request", kind: SPAN_KIND.internal, scopeName: "app", ...input });
}
