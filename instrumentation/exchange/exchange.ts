import type { Context } from "@opentelemetry/api";

export type HeaderReader = (name: string) => string | undefined;

/** One HTTP request, as a tap sees it before it is sent. */
export interface ExchangeRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly header: HeaderReader;
  /** undefined where the body cannot be read yet, or at all. */
  readonly body: string | undefined;
  /** With which the application or its SDK can end the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Learns how one exchange goes. No method throws; after `responseEnd` or `fail` everything is ignored. */
export interface ExchangeObserver {
  /** In which the request is to be sent, so that what it causes becomes a child of the call. */
  readonly context: Context;
  readonly method: string;
  /** A body that could be read only while it was sent. */
  requestBody(text: string): void;
  responseHeaders(status: number, header: HeaderReader): void;
  /** Raw bytes as they came from the wire: still compressed. They are not kept by reference. */
  responseChunk(bytes: Uint8Array): void;
  responseEnd(): void;
  /** The request is being interrupted; `fail` follows. `stack` is that of the interruption, where no signal holds it. */
  interrupted(stack?: string): void;
  fail(error: unknown): void;
}

/** Answers undefined for a request that is no call to a model; then the tap leaves it alone. */
export type ObserveExchange = (request: ExchangeRequest) => ExchangeObserver | undefined;

/** Undoes what a tap did. */
export type Untap = () => void;

/** What is kept of a request body that is read while it is sent. */
export const REQUEST_BODY_BYTES_MAX = 4 * 1024 * 1024;
