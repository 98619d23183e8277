import type { Context, Span } from "@opentelemetry/api";
import type { ExchangeObserver, ExchangeRequest, HeaderReader } from "../exchange/exchange.ts";
import { answerReader } from "../wire/answer-reader.ts";
import { emptyAnswer } from "../wire/answer.ts";
import type { BodyReader } from "../wire/body-reader.ts";
import { inflated } from "../wire/inflate.ts";
import { EVIDENCE_HEADERS } from "./call-attributes.ts";
import type { AnswerText } from "./captured-content.ts";
import { answeredFailure, streamedFailure, wireFailure } from "./failure.ts";
import type { Failure } from "./failure.ts";
import type { AttemptOutcome, ModelCall } from "./model-call.ts";
import { mayBeRetried } from "./retry-manner.ts";

/** Whoever keeps the calls. */
export interface AttemptKeeper {
  /** A body that could be read only while it was sent. */
  bodySeen(call: ModelCall, text: string): void;
  /** Told exactly once of every attempt. */
  attemptEnded(attempt: CallAttempt, outcome: AttemptOutcome): void;
}

/** What an attempt is among those of its call. */
export interface AttemptRole {
  /** Attempts before this one. */
  readonly resend: number;
  /** The client said that it will not try again. */
  readonly last: boolean;
  /** HTTP spans of other instrumentations that the attempts before it had. */
  readonly httpSpansBefore: number;
  /** An HTTP span of another instrumentation that was opened around the request. */
  readonly around: Span | undefined;
  /** Collects the text of the answer; absent unless content capture is on. */
  readonly text: AnswerText | undefined;
}

const NO_HEADER: HeaderReader = () => undefined;
const NO_EVIDENCE: ReadonlyMap<string, string> = new Map();

/**
 * Follows one request of a call from its start to its outcome. A class, because there is one of each request of a model: closures
 * would be a dozen objects.
 */
export class CallAttempt implements ExchangeObserver {
  readonly call: ModelCall;
  readonly role: AttemptRole;
  readonly method: string;
  readonly requestHeader: HeaderReader;
  private readonly keeper: AttemptKeeper;
  /** As fetch holds a signal: one that only we kept alive would abort what without us would never be aborted (Node 20). */
  private readonly signal: WeakRef<AbortSignal> | undefined;
  private readonly startMs: number;
  private readonly answer = emptyAnswer();
  private reader: BodyReader | undefined;
  /**
   * The first chunk, until the second comes, or the end: before the application has its first chunk it waits for whatever we do, and
   * nothing waits for what the head and that chunk say.
   */
  private held: Buffer | undefined;
  private responseHeader = NO_HEADER;
  private status: number | undefined;
  private streamed = false;
  private firstChunkMs: number | undefined;
  private activityMs: number;
  private abortStack = "";
  private over = false;

  // oxlint-disable-next-line max-params -- one request of one call
  constructor(call: ModelCall, request: ExchangeRequest, role: AttemptRole, keeper: AttemptKeeper) {
    this.call = call;
    this.role = role;
    this.keeper = keeper;
    // Not the request itself: nothing of ours may keep its signal alive.
    this.method = request.method;
    this.requestHeader = request.header;
    this.signal = request.signal === undefined ? undefined : new WeakRef(request.signal);
    this.startMs = call.clock.now();
    this.activityMs = this.startMs;
  }

  get context(): Context {
    return this.call.context;
  }

  requestBody(text: string): void {
    this.keeper.bodySeen(this.call, text);
  }

  responseHeaders(status: number, header: HeaderReader): void {
    if (this.over || this.status !== undefined) return;
    this.status = status;
    this.responseHeader = header;
    this.activityMs = this.call.clock.now();
  }

  responseChunk(bytes: Uint8Array): void {
    if (this.over) return;
    this.activityMs = this.call.clock.now();
    if (this.firstChunkMs === undefined) {
      this.firstChunkMs = this.activityMs;
      // A copy, because the application may write into its bytes.
      this.held = Buffer.from(bytes);
      return;
    }
    this.readHeld();
    this.reader?.push(bytes);
    if (this.answer.done && this.streamed) this.complete();
  }

  responseEnd(): void {
    this.complete();
  }

  interrupted(stack?: string): void {
    // Read now: Node's fetch writes a new stack into the reason before its promise rejects.
    if (!this.over && this.abortStack === "") this.abortStack = stack ?? stackOf(this.signal?.deref()?.reason);
  }

  fail(error: unknown): void {
    if (this.over) return;
    // What came before the failure may hold the usage, or the provider's own error.
    this.endReading();
    const { answer, status, abortStack, firstChunkMs } = this;
    if (answer.done || (status !== undefined && (status >= 400 || answer.error !== undefined))) return this.complete();
    const elapsedMs = this.call.clock.now() - this.startMs;
    this.finish(failureOnWire(wireFailure(error, { signal: this.signal?.deref(), abortStack, elapsedMs }), firstChunkMs));
  }

  idleMs(): number {
    return this.call.clock.now() - this.activityMs;
  }

  /** Ends the attempt with what is known so far; `reason` is the failure of one that had no answer. */
  abandon(reason: Failure): void {
    if (this.status === undefined) this.finish(reason);
    else this.complete();
  }

  /** Reads the head, when there is time for it, and the chunk that was held back. */
  private readHeld(): void {
    const { answer, held, responseHeader: header, status } = this;
    if (status === undefined) return;
    if (this.reader === undefined) {
      const { wire } = this.call.target;
      const type = header("content-type") ?? "";
      wire.readHeaders?.(header, answer);
      this.streamed = status < 400 && isStream(type);
      this.reader = inflated(header("content-encoding") ?? "", answerReader(type, { wire, answer, onText: this.role.text?.add }));
    }
    this.held = undefined;
    if (held !== undefined) this.reader.push(held);
  }

  private endReading(): void {
    this.readHeld();
    this.reader?.end();
  }

  private complete(): void {
    const { answer, status } = this;
    if (this.over || status === undefined) return;
    this.endReading();
    if (status >= 400) return this.finish(answeredFailure(status, answer.error));
    // Every stream names its end; one that was an answer and stops without is broken.
    if (this.streamed && !answer.done && answer.id !== undefined && answer.finishReasons.length === 0) answer.finishReasons.push("error");
    this.finish(answer.error === undefined ? undefined : streamedFailure(answer.error));
  }

  private finish(failure: Failure | undefined): void {
    if (this.over) return;
    this.over = true;
    const { startMs, status, answer, firstChunkMs, streamed, responseHeader } = this;
    const retryable = failure !== undefined && failure.byCaller !== true && !this.role.last && canFollow(status, responseHeader);
    const headers = evidenceIn(responseHeader);
    const endMs = this.call.clock.now();
    // A socket may outlive the attempt and hold on to it: nothing heavy may hang there.
    this.reader = undefined;
    this.held = undefined;
    this.responseHeader = NO_HEADER;
    this.keeper.attemptEnded(this, { startMs, endMs, status, failure, answer, headers, firstChunkMs, streamed, retryable });
  }
}

function evidenceIn(header: HeaderReader): ReadonlyMap<string, string> {
  let found: Map<string, string> | undefined;
  for (const name of EVIDENCE_HEADERS) {
    const value = header(name);
    if (value !== undefined) (found ??= new Map<string, string>()).set(name, value);
  }
  return found ?? NO_EVIDENCE;
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
