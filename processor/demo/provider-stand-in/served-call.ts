import type { Outcome } from "./script.ts";

/** Tokens of one answer, each counted once: the truth that tests compare spans with. */
export interface ServedUsage {
  readonly uncachedInput: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  /** Includes reasoning. */
  readonly output: number;
  readonly reasoning: number;
}

/** What a wire needs to write an answer. */
export interface ServedCall {
  readonly id: string;
  readonly model: string;
  readonly operation: string;
  readonly streaming: boolean;
  readonly usage: ServedUsage;
  /** The text of the answer, in the pieces in which a stream sends it. */
  readonly pieces: readonly string[];
  /** The answer was stopped by the provider's content filter: a success with another finish reason. */
  readonly filtered: boolean;
  /** Leave usage out of the answer, as some OpenAI-compatible servers do. */
  readonly withoutUsage: boolean;
  /** Streams end with usage although nobody asked for it. */
  readonly alwaysUsage?: boolean;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly request: Readonly<Record<string, unknown>>;
}

export interface FailureAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Failures that are an HTTP answer of their own. */
export type FailureKind = Exclude<Outcome, "ok" | "slow" | "reset" | "cut" | "stream_error" | "garbage" | "bad_gateway">;
export type FailureTable = Readonly<Record<FailureKind, FailureAnswer>>;

/** How one provider's API is written on the wire. */
export interface Wire {
  readonly name: string;
  readonly contentType: string;
  readonly streamContentType: string;
  readonly answer: (call: ServedCall) => unknown;
  /** The chunks of a streamed answer, as they are written to the socket. */
  readonly stream: (call: ServedCall) => (string | Uint8Array)[];
  /** The error that ends a stream which began with 200. */
  readonly streamError: string | Uint8Array;
  readonly failures: FailureTable;
  /** What the API does not speak of is served as plain input. */
  readonly statesCache: "reads_and_writes" | "reads" | "nothing";
  readonly headers?: (call: ServedCall) => Readonly<Record<string, string>>;
}

export function totalInput(usage: ServedUsage): number {
  return usage.uncachedInput + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}

export function sse(data: unknown, event?: string): string {
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}
