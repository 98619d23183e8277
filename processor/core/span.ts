import type { Failure } from "./call-failure.ts";
import type { SpanShape } from "./span-shape.ts";

/** What an attribute can hold once it is read: OTLP's AnyValue without byte strings, which no GenAI convention uses. */
export type AttributeScalar = string | number | boolean;
export type AttributeValue = AttributeScalar | readonly AttributeValue[] | { readonly [key: string]: AttributeValue };

/**
 * Attributes by key. Decoders build it with `Object.create(null)`, so that a key named `__proto__` is only a key;
 * in the application it is the SDK's own object, read without a copy.
 */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

export interface SpanEvent {
  readonly name: string;
  /** Milliseconds since the epoch, with fraction. */
  readonly timeMs: number;
  readonly attributes: Attributes;
}

/** OTLP's numbers (opentelemetry/proto/trace/v1/trace.proto, Span.SpanKind). */
export const SPAN_KIND = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** OTLP's numbers (trace.proto, Status.StatusCode). */
export const STATUS = { unset: 0, ok: 1, error: 2 } as const;

/**
 * The one span type of the core. Every edge (SDK span, OTLP/JSON, OTLP/protobuf) is read into it; nothing in the core
 * knows where a span came from. Times are doubles: 2^53 leaves a quarter of a microsecond of resolution at today's epoch.
 */
export interface Span {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits, "" for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** One of SPAN_KIND. */
  readonly kind: number;
  /** Milliseconds since the epoch, with fraction. */
  readonly startMs: number;
  readonly endMs: number;
  /** One of STATUS. */
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** Attributes of the resource: service.name, deployment.environment.name. */
  readonly resource: Attributes;
  /** null or missing: nobody knows of spans like this one. */
  readonly shape?: SpanShape | null;
  /** Value of the numeric attribute `shape.numberKeys[index]`. */
  numberAt?(index: number): number;
  /** What its failure was found to be when its texts could be read; they are gone. */
  readonly foundFailure?: Failure | null;
}

/** A copy that holds on to nothing else: decoders give out views of a whole request. */
export function detachedSpan(span: Span): Span {
  const { traceId, spanId, parentSpanId, name, kind, startMs, endMs, statusCode, statusMessage } = span;
  const { scopeName, scopeVersion, attributes, events, resource } = span;
  const itself = { traceId, spanId, parentSpanId, name, kind, startMs, endMs, statusCode, statusMessage };
  return { ...itself, scopeName, scopeVersion, attributes, events, resource };
}
