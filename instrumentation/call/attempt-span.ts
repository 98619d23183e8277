import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Span, Tracer } from "@opentelemetry/api";
import { retryAfterAttributes } from "./call-attributes.ts";
import type { AttemptOutcome, ModelCall } from "./model-call.ts";

export interface AttemptPlace {
  /** Attempts before this one. */
  readonly resend: number;
  /** The span that another instrumentation made for it. */
  readonly foreign: Span | undefined;
}

/**
 * The HTTP span of one attempt, made when it has ended: child of the call, names of the HTTP convention. An HTTP
 * instrumentation that made one already keeps its own; it only gets what it lacks.
 */
// oxlint-disable-next-line max-params -- one attempt of one call
export function recordAttempt(tracer: Tracer, call: ModelCall, outcome: AttemptOutcome, { resend, foreign }: AttemptPlace): void {
  const { target } = call;
  if (foreign !== undefined) {
    if (resend > 0) foreign.setAttribute("http.request.resend_count", resend);
    foreign.setAttributes(retryAfterAttributes(outcome.headers));
    return;
  }
  const { status, failure } = outcome;
  const span = tracer.startSpan(
    "POST",
    {
      kind: SpanKind.CLIENT,
      startTime: outcome.startMs,
      attributes: {
        "http.request.method": "POST",
        "url.full": `${target.scheme}://${target.key}`,
        "server.address": target.serverAddress,
        ...(target.serverPort === undefined ? {} : { "server.port": target.serverPort }),
        ...(resend > 0 ? { "http.request.resend_count": resend } : {}),
        ...(status === undefined ? {} : { "http.response.status_code": status }),
        ...retryAfterAttributes(outcome.headers),
      },
    },
    trace.setSpan(call.parentContext, call.span),
  );
  if (failure !== undefined) {
    // The HTTP convention wants the status as the type where there is one; the provider's words are the message.
    span.setAttribute("error.type", status !== undefined && status >= 400 ? String(status) : failure.type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  }
  span.end(outcome.endMs);
}
