import { context, createContextKey, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes, Context, Span, Tracer } from "@opentelemetry/api";
import type { ExchangeObserver, ExchangeRequest, HeaderReader } from "../exchange/exchange.ts";
import type { RequestFacts } from "../wire/wire-dialect.ts";
import { recordAttempt } from "./attempt-span.ts";
import { endAttributes, missingAttributes, spanName, startAttributes } from "./call-attributes.ts";
import { CallAttempt } from "./call-attempt.ts";
import type { AttemptKeeper } from "./call-attempt.ts";
import { callContext, callerOf } from "./call-context.ts";
import { callerFrame, unmarked } from "./caller-frame.ts";
import type { CallerFrame } from "./caller-frame.ts";
import { answerText, capturedPrompt } from "./captured-content.ts";
import { anchoredClock } from "./clock.ts";
import type { AttemptOutcome, CallPlace, ModelCall } from "./model-call.ts";
import { modelTargets } from "./model-target.ts";
import type { EndpointConfig, ModelTarget } from "./model-target.ts";
import { openAttempts } from "./open-attempts.ts";
import type { OpenAttempts } from "./open-attempts.ts";
import { pendingCalls } from "./pending-calls.ts";
import type { PendingCalls } from "./pending-calls.ts";
import { readRequestFacts } from "./request-facts.ts";
import { readAttemptHeaders, retryDeadlineMs, statedWaitMs } from "./retry-manner.ts";
import { attributesOf, sdkCallSpan } from "./sdk-span.ts";

/** What exporters set around their own requests; a key of the API is a registered symbol (@opentelemetry/core, suppress-tracing.ts). */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** SDK-level spans were seen to end up to 24 ms after the wire. */
const FORGOTTEN_AFTER_MS = 2_000;

const FOREIGN_SPANS_MAX = 10_000;

export interface CallTrackerOptions {
  readonly tracer: () => Tracer;
  readonly endpoints: () => readonly EndpointConfig[];
  /** Whether prompts and answers are kept on the spans. */
  readonly captureContent: () => boolean;
  /** Told of every call when it has ended: for metrics. */
  readonly onCallEnd: (call: ModelCall, outcome: AttemptOutcome, attributes: Attributes) => void;
}

/** Finds the calls in a stream of exchanges and writes their spans. */
export interface CallTracker {
  observe(request: ExchangeRequest): ExchangeObserver | undefined;
  /** An HTTP instrumentation started a span below the span with this id. */
  foreignHttpSpan(parentSpanId: string, span: Span): void;
  /** The span with this id has ended. */
  foreignSpanEnded(spanId: string): void;
  hasOpenCalls(): boolean;
  /** Ends what only waited for a further attempt. */
  flush(): void;
  /** Ends everything. */
  close(): void;
}

export function callTracker(options: CallTrackerOptions): CallTracker {
  const keeper: AttemptKeeper = {
    bodySeen: (call, text) => bodySeen(state, call, text),
    attemptEnded: (attempt, outcome) => attemptEnded(state, attempt, outcome),
  };
  const state: TrackerState = {
    options,
    keeper,
    targetOf: modelTargets(),
    frame: callerFrame(),
    pending: pendingCalls(),
    attempts: openAttempts(),
    callsBySpanId: new Map(),
    foreignById: new Map(),
    forgotten: new Set(),
  };
  return {
    observe: (request) => observe(state, request),
    foreignHttpSpan(parentSpanId, span) {
      state.callsBySpanId.get(parentSpanId)?.foreignHttpSpans.push(span);
      if (state.foreignById.size < FOREIGN_SPANS_MAX) state.foreignById.set(span.spanContext().spanId, span);
    },
    foreignSpanEnded: (spanId) => void state.foreignById.delete(spanId),
    hasOpenCalls: () => state.callsBySpanId.size + state.forgotten.size > 0,
    flush() {
      for (const call of state.pending.all()) endCall(state, call);
    },
    close() {
      state.attempts.abandonAll();
      for (const call of state.pending.all()) endCall(state, call);
      for (const end of state.forgotten) end();
    },
  };
}

interface TrackerState {
  readonly options: CallTrackerOptions;
  readonly keeper: AttemptKeeper;
  readonly targetOf: ReturnType<typeof modelTargets>;
  readonly frame: CallerFrame;
  readonly pending: PendingCalls;
  readonly attempts: OpenAttempts;
  /** Calls that have not ended, by the id of their span. */
  readonly callsBySpanId: Map<string, ModelCall>;
  /** Live HTTP spans of other instrumentations, by id. */
  readonly foreignById: Map<string, Span>;
  /** Ends SDK-level spans of failed calls whose instrumentation may not. */
  readonly forgotten: Set<() => void>;
}

function observe(state: TrackerState, request: ExchangeRequest): ExchangeObserver | undefined {
  const { options, callsBySpanId, pending, frame } = state;
  const running = context.active();
  const caller = callerOf(running);
  if (caller === undefined || state.attempts.isFull() || caller.getValue(SUPPRESS_TRACING) === true) return undefined;
  const target = state.targetOf(request, options.endpoints());
  if (target === undefined) return undefined;
  const facts = request.body === undefined ? undefined : readRequestFacts(target.wire, request.body);
  if (facts !== undefined && !namesModel(target, facts)) return undefined;
  const active = unmarked(caller);
  const parentSpanId = trace.getSpanContext(active)?.spanId;
  const parentCall = parentSpanId === undefined ? undefined : callsBySpanId.get(parentSpanId);
  const headers = readAttemptHeaders(request.header);
  const attempted = { key: target.key, body: request.body, parentSpanId, headers, framed: frame.marked(running) };
  const over = pending.repeatedFromOutside(attempted);
  if (over !== undefined) endCall(state, over);
  const known = parentCall ?? pending.find(attempted);
  const call = known ?? startCall(options, { target, facts, request, active, callId: headers.callId });
  pending.remove(call);
  callsBySpanId.set(call.span.spanContext().spanId, call);
  call.countedRetries = Math.max(call.countedRetries, headers.retryCount ?? 0);
  frame.mark(running, call.mark);
  return beginAttempt(state, call, request, headers.lastAttempt);
}

/** The same paths serve other things elsewhere; a body without a model is none of ours. */
function namesModel(target: ModelTarget, facts: RequestFacts): boolean {
  return target.wire.modelInBody !== true || (facts.model ?? target.model) !== undefined;
}

// oxlint-disable-next-line max-params -- one request of one call
function beginAttempt(state: TrackerState, call: ModelCall, request: ExchangeRequest, last: boolean): ExchangeObserver {
  const role = {
    resend: call.attempts++,
    last,
    httpSpansBefore: call.foreignHttpSpans.length,
    around: foreignAround(state, call, request.header),
    text: state.options.captureContent() ? answerText() : undefined,
  };
  call.state = "running";
  const attempt = new CallAttempt(call, request, role, state.keeper);
  state.attempts.add(attempt);
  return attempt;
}

function attemptEnded(state: TrackerState, attempt: CallAttempt, outcome: AttemptOutcome): void {
  const { call, role, requestHeader } = attempt;
  state.attempts.remove(attempt);
  if (call.state === "ended") return;
  const foreign = call.foreignHttpSpans[role.httpSpansBefore] ?? role.around;
  recordAttempt(state.options.tracer(), call, outcome, { resend: role.resend, foreign });
  call.lastOutcome = outcome;
  if (role.text !== undefined) call.span.setAttributes(role.text.attributes(outcome.answer.finishReasons[0]));
  // An SDK-level span may end a millisecond from now.
  if (call.adopted) call.span.setAttributes(missingAttributes(call, outcome, attributesOf(call.span)));
  if (!outcome.retryable) return endCall(state, call);
  const waitMs = statedWaitMs(outcome.headers.get("retry-after-ms"), outcome.headers.get("retry-after"), outcome.endMs);
  state.pending.add(call, retryDeadlineMs(requestHeader, role.resend, waitMs), () => endCall(state, call));
}

/**
 * node:http is instrumented around the making of a request, before its body is known: the span that stands there is a sibling
 * of the call, and the request carries its id.
 */
function foreignAround({ foreignById }: TrackerState, call: ModelCall, header: HeaderReader): Span | undefined {
  const sent = foreignById.size === 0 ? undefined : header("traceparent")?.split("-")[2];
  return sent === undefined || sent === call.span.spanContext().spanId ? undefined : foreignById.get(sent);
}

function endCall(state: TrackerState, call: ModelCall): void {
  const outcome = call.lastOutcome;
  if (call.state === "ended" || outcome === undefined) return;
  call.state = "ended";
  state.pending.remove(call);
  state.callsBySpanId.delete(call.span.spanContext().spanId);
  call.body = undefined;
  call.place.call = undefined;
  call.mark.call = undefined;
  const attributes = endAttributes(call, outcome);
  if (call.adopted) endForgotten(state.forgotten, call, outcome);
  else endOwn(call, outcome, attributes);
  state.options.onCallEnd(call, outcome, attributes);
}

interface CallStart {
  readonly target: ModelTarget;
  readonly facts: RequestFacts | undefined;
  readonly request: ExchangeRequest;
  readonly active: Context;
  readonly callId: string | undefined;
}

function startCall(options: CallTrackerOptions, { target, facts, request, active, callId }: CallStart): ModelCall {
  const sdkSpan = sdkCallSpan(active);
  const clock = anchoredClock();
  const startMs = clock.now();
  const attributes = startAttributes(target, facts);
  const span =
    sdkSpan ?? options.tracer().startSpan(spanName(target, facts), { kind: SpanKind.CLIENT, startTime: startMs, attributes }, active);
  if (request.body !== undefined && options.captureContent()) span.setAttributes(capturedPrompt(target.wire, request.body));
  const place: CallPlace = { caller: active, span, call: undefined };
  const call: ModelCall = {
    target,
    clock,
    startMs,
    span,
    adopted: sdkSpan !== undefined,
    place,
    mark: { call: undefined },
    context: callContext(place),
    parentSpanId: trace.getSpanContext(active)?.spanId,
    callId,
    facts,
    body: request.body,
    state: "running",
    attempts: 0,
    countedRetries: 0,
    lastOutcome: undefined,
    pendingTimer: undefined,
    foreignHttpSpans: [],
  };
  place.call = call;
  call.mark.call = call;
  return call;
}

/** A body that was read while it was sent names the model late; the span is renamed. */
function bodySeen({ options }: TrackerState, call: ModelCall, body: string): void {
  if (call.facts !== undefined) return;
  call.facts = readRequestFacts(call.target.wire, body);
  call.body = body;
  if (options.captureContent()) call.span.setAttributes(capturedPrompt(call.target.wire, body));
  if (call.adopted) return;
  call.span.updateName(spanName(call.target, call.facts));
  call.span.setAttributes(startAttributes(call.target, call.facts));
}

function endOwn({ span }: ModelCall, { failure, endMs }: AttemptOutcome, attributes: Attributes): void {
  span.setAttributes(attributes);
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  span.end(endMs);
}

/** Some SDK-level instrumentations never end the span of a call that failed; then it would be lost. */
function endForgotten(forgotten: Set<() => void>, { span }: ModelCall, { failure, endMs }: AttemptOutcome): void {
  if (failure === undefined || forgotten.size >= FOREIGN_SPANS_MAX) return;
  const end = (): void => {
    clearTimeout(timer);
    forgotten.delete(end);
    if (!span.isRecording()) return;
    span.setAttribute("error.type", failure.type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
    span.end(endMs);
  };
  const timer = setTimeout(end, FORGOTTEN_AFTER_MS).unref();
  forgotten.add(end);
}
