import type { ExchangeObserver, ExchangeRequest, HeaderReader } from "../exchange/exchange.ts";
import { answerReader } from "../wire/answer-reader.ts";
import { emptyAnswer } from "../wire/answer.ts";
import type { AnswerReaderOptions, BodyReader } from "../wire/body-reader.ts";
import { heldBack } from "../wire/held-back.ts";
import { inflated } from "../wire/inflate.ts";
import { EVIDENCE_HEADERS } from "./call-attributes.ts";
import { answeredFailure, streamedFailure, wireFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { AttemptOutcome, ModelCall } from "./model-call.ts";
import { mayBeRetried } from "./retry-manner.ts";

export interface AttemptOptions {
  /** The client said that it will not try again. */
  readonly lastAttempt: boolean;
  readonly onBody: (text: string) => void;
  readonly onText: ((text: string) => void) | undefined;
  readonly onEnd: (outcome: AttemptOutcome) => void;
}

/** An attempt that is out: its observer, and what a sweep needs to end it when nobody reads it any more. */
export interface CallAttempt {
  readonly observer: ExchangeObserver;
  idleMs(): number;
  /** Ends the attempt with what is known so far; `reason` is the failure of one that had no answer. */
  abandon(reason: Failure): void;
}

const NO_HEADER: HeaderReader = () => undefined;

/** Follows one request of a call from its start to its outcome, which is told exactly once. */
export function callAttempt(call: ModelCall, request: ExchangeRequest, options: AttemptOptions): CallAttempt {
  const { clock } = call;
  const startMs = clock.now();
  const answer = emptyAnswer();
  const headers = new Map<string, string>();
  const { method, signal } = weakly(request);
  let reader: BodyReader | undefined;
  let responseHeader: HeaderReader = NO_HEADER;
  let status: number | undefined;
  let streamed = false;
  let firstChunkMs: number | undefined;
  let activityMs = startMs;
  let abortStack = "";
  let over = false;

  const finish = (failure: Failure | undefined): void => {
    if (over) return;
    over = true;
    const retryable = failure !== undefined && failure.byCaller !== true && !options.lastAttempt && canFollow(status, responseHeader);
    noteEvidence(responseHeader, headers);
    const outcome = { startMs, endMs: clock.now(), status, failure, answer, headers, firstChunkMs, streamed, retryable };
    // A socket may outlive the attempt and hold on to it: nothing heavy may hang there.
    reader = undefined;
    responseHeader = NO_HEADER;
    options.onEnd(outcome);
  };
  const complete = (): void => {
    if (over || status === undefined) return;
    reader?.end();
    if (status >= 400) finish(answeredFailure(status, answer.error));
    else {
      // Every stream names its end; one that was an answer and stops without is broken.
      if (streamed && !answer.done && answer.id !== undefined && answer.finishReasons.length === 0) answer.finishReasons.push("error");
      finish(answer.error === undefined ? undefined : streamedFailure(answer.error));
    }
  };

  const observer: ExchangeObserver = {
    context: call.context,
    method,
    requestBody: options.onBody,
    responseHeaders(code, header) {
      if (over || status !== undefined) return;
      status = code;
      responseHeader = header;
      activityMs = clock.now();
      call.target.wire.readHeaders?.(header, answer);
      streamed = code < 400 && isStream(header("content-type") ?? "");
      const body = readerFor(header, { wire: call.target.wire, answer, onText: options.onText });
      reader = streamed ? heldBack(body) : body;
    },
    responseChunk(bytes) {
      if (over) return;
      activityMs = clock.now();
      firstChunkMs ??= activityMs;
      reader?.push(bytes);
      if (answer.done && streamed) complete();
    },
    responseEnd: complete,
    interrupted(stack) {
      // Read now: Node's fetch writes a new stack into the reason before its promise rejects.
      if (!over && abortStack === "") abortStack = stack ?? stackOf(signal?.deref()?.reason);
    },
    fail(error) {
      if (over) return;
      // What came before the failure may hold the usage, or the provider's own error.
      reader?.end();
      if (answer.done || (status !== undefined && (status >= 400 || answer.error !== undefined))) complete();
      else
        finish(failureOnWire(wireFailure(error, { signal: signal?.deref(), abortStack, elapsedMs: clock.now() - startMs }), firstChunkMs));
    },
  };
  return { observer, idleMs: () => clock.now() - activityMs, abandon: (reason) => (status === undefined ? finish(reason) : complete()) };
}

/** As fetch holds a signal: one that only we kept alive would abort what without us would never be aborted (Node 20). */
function weakly({ method, signal }: ExchangeRequest): { method: string; signal: WeakRef<AbortSignal> | undefined } {
  return { method, signal: signal === undefined ? undefined : new WeakRef(signal) };
}

function noteEvidence(header: HeaderReader, into: Map<string, string>): void {
  for (const name of EVIDENCE_HEADERS) {
    const value = header(name);
    if (value !== undefined) into.set(name, value);
  }
}

function readerFor(header: HeaderReader, options: AnswerReaderOptions): BodyReader {
  return inflated(header("content-encoding") ?? "", answerReader(header("content-type") ?? "", options));
}

/** A caller that stops reading a stream, which it does by aborting, had a successful call. */
function failureOnWire(failure: Failure, firstChunkMs: number | undefined): Failure | undefined {
  return failure.type === "AbortError" && firstChunkMs !== undefined ? undefined : failure;
}

function stackOf(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? "") : "";
}

/** No client was seen to try again after an answer had begun well. */
function canFollow(status: number | undefined, header: HeaderReader): boolean {
  return (status === undefined || status >= 400) && mayBeRetried(status, header);
}

const STREAM_TYPES = /event-stream|ndjson|jsonl|vnd\.amazon\.eventstream/;

function isStream(contentType: string): boolean {
  return STREAM_TYPES.test(contentType);
}
