/** The parts of OTLP/JSON that the demo's history is made of (opentelemetry/proto/trace/v1/trace.proto). */
export type OtlpValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly OtlpValue[] } };

export interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string; readonly attributes: readonly OtlpAttribute[] }[];
  readonly status: { readonly code: number; readonly message?: string };
}

export interface ExportTraceServiceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
}

/** A span with its times in ms and its attributes as plain values; undefined ones are left out. */
export interface PlainSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly scope: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /** Set on a span that failed. */
  readonly failure?: { readonly type: string; readonly message: string };
}

const SCOPE_VERSION = "0.1.0";
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;
/** Attributes that are doubles by convention, also when the number is whole. */
const DOUBLES: ReadonlySet<string> = new Set(["gen_ai.response.time_to_first_chunk"]);

/** One request as an exporter would send it: spans grouped by resource and scope. */
export function requestOf(spans: ReadonlyMap<string, readonly PlainSpan[]>): ExportTraceServiceRequest {
  return {
    resourceSpans: [...spans].map(([resource, own]) => {
      const [service = "", environment = ""] = resource.split("\n");
      return {
        resource: { attributes: attributesOf({ "service.name": service, "deployment.environment.name": environment }) },
        scopeSpans: byScope(own),
      };
    }),
  };
}

/** Key of the map that requestOf takes. */
export function resourceKey(service: string, environment: string): string {
  return `${service}\n${environment}`;
}

function byScope(spans: readonly PlainSpan[]): ExportTraceServiceRequest["resourceSpans"][number]["scopeSpans"] {
  const scopes = new Map<string, OtlpSpan[]>();
  for (const span of spans) {
    const list = scopes.get(span.scope) ?? [];
    list.push(otlpSpan(span));
    scopes.set(span.scope, list);
  }
  return [...scopes].map(([name, list]) => ({ scope: { name, version: SCOPE_VERSION }, spans: list }));
}

function otlpSpan(span: PlainSpan): OtlpSpan {
  const { failure } = span;
  const { traceId, spanId, parentSpanId, name, kind } = span;
  const end = nanos(span.endMs);
  const exception = (type: string, message: string): OtlpSpan["events"][number] => ({
    name: "exception",
    timeUnixNano: end,
    attributes: attributesOf({ "exception.type": type, "exception.message": message }),
  });
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: end,
    attributes: attributesOf(failure === undefined ? span.attributes : { ...span.attributes, "error.type": failure.type }),
    events: failure === undefined || failure.message === "" ? [] : [exception(failure.type, failure.message)],
    status: failure === undefined ? { code: STATUS_UNSET } : { code: STATUS_ERROR, message: failure.message },
  };
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}

function attributesOf(values: PlainSpan["attributes"]): OtlpAttribute[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: valueOf(key, value) }]));
}

function valueOf(key: string, value: string | number | readonly string[]): OtlpValue {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return DOUBLES.has(key) ? { doubleValue: value } : { intValue: String(Math.round(value)) };
  return { arrayValue: { values: value.map((item) => ({ stringValue: item })) } };
}
