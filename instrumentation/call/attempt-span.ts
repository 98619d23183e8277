import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { Attributes, Span, Tracer } from "@opentelemetry/api";
import { addRetryAfter } from "./call-attributes.ts";
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
  const { failure, status } = outcome;
  if (foreign !== undefined) {
    const attributes: Attributes = {};
    if (resend > 0) attributes["http.request.resend_count"] = resend;
    addRetryAfter(attributes, outcome.headers);
    foreign.setAttributes(attributes);
    return;
  }
  const attributes = attemptAttributes(call, outcome, resend);
  const span = tracer.startSpan("POST", { kind: SpanKind.CLIENT, startTime: outcome.startMs, attributes }, call.context);
  if (failure !== undefined) {
    // The HTTP convention wants the status as the type where there is one; the provider's words are the message.
    span.setAttribute("error.type", status !== undefined && status >= 400 ? String(status) : failure.type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  }
  span.end(outcome.endMs);
}

function attemptAttributes({ target }: ModelCall, { status, headers }: AttemptOutcome, resend: number): Attributes {
  const attributes: Attributes = {
    "http.request.method": "POST",
    "url.full": target.url,
    "server.address": target.serverAddress,
  };
  if (target.serverPort !== undefined) attributes["server.port"] = target.serverPort;
  if (resend > 0) attributes["http.request.resend_count"] = resend;
  if (status !== undefined) attributes["http.response.status_code"] = status;
  addRetryAfter(attributes, headers);
  return attributes;
}
