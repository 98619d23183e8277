import { trace } from "@opentelemetry/api";
import type { Attributes, Context, Span } from "@opentelemetry/api";

/** The instrumentation's own scope: a span of ours is never somebody else's. */
export const SCOPE_NAME = "genai-otel";

const INFERENCE_OPERATIONS: ReadonlySet<unknown> = new Set(["chat", "text_completion", "generate_content", "embeddings"]);

/** How SDK-level instrumentations say that a span is one call to a model. Attribute -> test. */
const CALL_MARKS: readonly (readonly [string, (value: unknown) => boolean])[] = [
  ["gen_ai.operation.name", (value) => INFERENCE_OPERATIONS.has(value)],
  ["ai.operationId", (value) => typeof value === "string" && /\.do(?:Generate|Stream|Embed)$/.test(value)],
  ["openinference.span.kind", (value) => value === "LLM" || value === "EMBEDDING"],
  ["llm.request.type", (value) => value === "chat" || value === "completion" || value === "embedding"],
  ["gen_ai.request.model", (value) => typeof value === "string"],
];

/** Marks of spans that hold calls and are none. */
const WRAPPER_OPERATIONS: ReadonlySet<unknown> = new Set(["invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "plan"]);

/** The active span, if an SDK-level instrumentation opened it for the very call that is now being sent. */
export function sdkCallSpan(active: Context): Span | undefined {
  const span = trace.getSpan(active);
  if (span === undefined || !span.isRecording()) return undefined;
  const attributes = attributesOf(span);
  if (scopeOf(span) === SCOPE_NAME || WRAPPER_OPERATIONS.has(attributes["gen_ai.operation.name"])) return undefined;
  return CALL_MARKS.some(([key, test]) => test(attributes[key])) ? span : undefined;
}

/** Attributes of an SDK span; some instrumentations (OpenInference) wrap it in an object of their own. */
export function attributesOf(span: Span): Readonly<Attributes> {
  return (sdkSpanOf(span)?.attributes ?? {}) as Readonly<Attributes>;
}

interface SdkSpan {
  readonly attributes?: unknown;
  readonly instrumentationScope?: { readonly name?: string };
  readonly instrumentationLibrary?: { readonly name?: string };
}

function scopeOf(span: Span): string | undefined {
  const sdkSpan = sdkSpanOf(span);
  return sdkSpan?.instrumentationScope?.name ?? sdkSpan?.instrumentationLibrary?.name;
}

function sdkSpanOf(span: Span): SdkSpan | undefined {
  if (isSdkSpan(span)) return span;
  const inner = Object.values(span).find((value: unknown) => typeof value === "object" && value !== null && isSdkSpan(value));
  return inner as SdkSpan | undefined;
}

function isSdkSpan(value: object): value is SdkSpan {
  const attributes: unknown = (value as SdkSpan).attributes;
  return typeof attributes === "object" && attributes !== null && "spanContext" in value;
}
