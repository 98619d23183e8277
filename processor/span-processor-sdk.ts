import type { Attributes, Span, SpanEvent } from "./core/span.ts";

/** Seconds and nanoseconds. */
export type HrTime = readonly [number, number];

/**
 * What the processor uses of an SDK span, the same in @opentelemetry/sdk-trace-base 2.3+ and @opentelemetry/sdk-trace 3.x. Said
 * here in its own words, so that the package depends on neither.
 */
export interface SdkSpan {
  readonly name: string;
  readonly kind: number;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly time: HrTime; readonly attributes?: Readonly<Record<string, unknown>> }[];
  readonly instrumentationScope: { readonly name: string; readonly version?: string };
  readonly parentSpanContext?: { readonly spanId: string } | undefined;
  spanContext(): { readonly traceId: string; readonly spanId: string };
}

/** A span that can still be written to. */
export interface LiveSdkSpan extends SdkSpan {
  readonly ended: boolean;
  setAttribute(key: string, value: string | number | boolean): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(endTime?: [number, number]): void;
}

/** Enrichment reads nothing of the resource. */
const NO_RESOURCE: Attributes = Object.freeze(Object.create(null) as Record<string, never>);
const NO_EVENTS: readonly SpanEvent[] = [];

/** Reads an SDK span into the core's; attributes are the SDK's own object, not a copy. */
export function coreSpan(span: SdkSpan): Span {
  const context = span.spanContext();
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? "",
    name: span.name,
    // The API counts from INTERNAL = 0, OTLP from UNSPECIFIED = 0.
    kind: span.kind + 1,
    startMs: millisOf(span.startTime),
    endMs: millisOf(span.endTime),
    statusCode: span.status.code,
    statusMessage: span.status.message ?? "",
    scopeName: span.instrumentationScope.name,
    scopeVersion: span.instrumentationScope.version ?? "",
    // The SDK lets in only what OTLP can carry.
    attributes: span.attributes as Attributes,
    events: span.events.length === 0 ? NO_EVENTS : span.events.map(coreEvent),
    resource: NO_RESOURCE,
  };
}

export function millisOf([seconds, nanos]: HrTime): number {
  return seconds * 1e3 + nanos / 1e6;
}

function coreEvent({ name, time, attributes }: SdkSpan["events"][number]): SpanEvent {
  return { name, timeMs: millisOf(time), attributes: (attributes ?? NO_RESOURCE) as Attributes };
}
