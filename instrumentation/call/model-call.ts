import type { Context, Span } from "@opentelemetry/api";
import type { Answer } from "../wire/answer.ts";
import type { RequestFacts } from "../wire/wire-dialect.ts";
import type { FrameMark } from "./caller-frame.ts";
import type { Clock } from "./clock.ts";
import type { Failure } from "./failure.ts";
import type { ModelTarget } from "./model-target.ts";

/** How one attempt ended. */
export interface AttemptOutcome {
  readonly startMs: number;
  readonly endMs: number;
  /** undefined where no answer came. */
  readonly status: number | undefined;
  readonly failure: Failure | undefined;
  readonly answer: Answer;
  /** Response headers that are evidence: retry-after and request ids. */
  readonly headers: ReadonlyMap<string, string>;
  readonly firstChunkMs: number | undefined;
  /** The answer came as a stream. */
  readonly streamed: boolean;
  /** The client may try again. */
  readonly retryable: boolean;
}

/** What a call leaves in the context in which it is sent; a socket may hold on to that for long, so it lets go of the call. */
export interface CallPlace {
  readonly caller: Context;
  readonly span: Span;
  /** While it has not ended. */
  call: ModelCall | undefined;
}

/**
 * One call of a model as the application meant it, with all attempts of its client. Running while an attempt is out,
 * pending between a failed attempt and the next, ended when nothing more can follow.
 */
export interface ModelCall {
  readonly target: ModelTarget;
  readonly clock: Clock;
  readonly startMs: number;
  /** The span that stands for the call: ours, or one that an SDK's own instrumentation had opened. */
  readonly span: Span;
  readonly adopted: boolean;
  readonly place: CallPlace;
  readonly mark: FrameMark;
  /** In which it is sent: that of the caller, with the call's span. */
  readonly context: Context;
  readonly parentSpanId: string | undefined;
  /** AWS' invocation id. */
  readonly callId: string | undefined;
  facts: RequestFacts | undefined;
  /** To compare attempts by; dropped at the end. */
  body: string | undefined;
  state: "running" | "pending" | "ended";
  attempts: number;
  /** Retries that the client counted itself; more than we saw when the first attempts were missed. */
  countedRetries: number;
  lastOutcome: AttemptOutcome | undefined;
  pendingTimer: NodeJS.Timeout | undefined;
  /** HTTP spans of other instrumentations under this call: ours are not needed then. */
  readonly foreignHttpSpans: Span[];
}
