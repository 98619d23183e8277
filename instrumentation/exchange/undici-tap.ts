import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { REQUEST_BODY_BYTES_MAX } from "./exchange.ts";
import type { ExchangeObserver, HeaderReader, ObserveExchange, Untap } from "./exchange.ts";
import { fetchExchange, NOT_OURS } from "./fetch-tap.ts";
import type { FetchExchange } from "./fetch-tap.ts";
import { guarded } from "./guarded.ts";
import { stackHere } from "./stack-here.ts";

/** What undici 5 to 8 say of a request in their channels (nodejs/undici docs/api/DiagnosticsChannel.md). */
interface UndiciRequest {
  readonly origin?: string | URL;
  readonly path?: string;
  readonly method?: string;
  /** Name, value, name, value; undici 5: lines of text. */
  readonly headers?: readonly string[] | string;
  body?: unknown;
  onData?: (chunk: Uint8Array) => unknown;
}

interface Tapped {
  readonly observer: ExchangeObserver;
  readonly fetch: FetchExchange | undefined;
  /** Bytes come through the channel, because this undici has no `onData` to put ourselves before. */
  readonly byChannel: boolean;
  redirected: boolean;
}

export interface UndiciTapOptions {
  readonly observe: ObserveExchange;
  readonly mayBeModelCall: (url: string) => boolean;
}

/** Reads every exchange of undici, the one in Node and those from npm: bytes below the Response, status, end and failure. */
export function tapUndici(options: UndiciTapOptions): Untap {
  const requests = new WeakMap<object, Tapped>();
  const handlers: Readonly<Record<string, (message: never) => void>> = {
    "undici:request:create": ({ request }: { request: UndiciRequest }) => {
      const tapped = begin(request, options);
      if (tapped !== undefined) requests.set(request, tapped);
    },
    "undici:request:bodyChunkReceived": ({ request, chunk }: { request: object; chunk: Uint8Array }) => {
      const tapped = requests.get(request);
      if (tapped?.byChannel === true && !tapped.redirected) tapped.observer.responseChunk(chunk);
    },
    "undici:request:headers": ({ request, response }: { request: object; response: { statusCode: number; headers: unknown } }) => {
      const tapped = requests.get(request);
      if (tapped === undefined || response.statusCode < 200) return;
      tapped.redirected = tapped.fetch !== undefined && isRedirect(response.statusCode);
      if (!tapped.redirected) tapped.observer.responseHeaders(response.statusCode, headerReader(response.headers));
    },
    "undici:request:trailers": ({ request }: { request: object }) => {
      const tapped = requests.get(request);
      if (tapped?.redirected === false) tapped.observer.responseEnd();
    },
    "undici:request:error": ({ request, error }: { request: object; error: unknown }) => {
      const tapped = requests.get(request);
      if (tapped === undefined) return;
      // Whoever aborts stands on the stack; fetch has a signal that remembers it.
      tapped.observer.interrupted(tapped.fetch === undefined ? stackHere() : undefined);
      // While fetch's promise is open its rejection follows, and says more.
      if (tapped.fetch?.open !== true) tapped.observer.fail(error);
    },
  };
  const subscriptions = Object.entries(handlers).map(([channel, handler]): [string, (message: unknown) => void] => [
    channel,
    (message) => guarded(channel, () => handler(message as never)),
  ]);
  for (const [channel, subscriber] of subscriptions) subscribe(channel, subscriber);
  return () => {
    for (const [channel, subscriber] of subscriptions) unsubscribe(channel, subscriber);
  };
}

function begin(request: UndiciRequest, options: UndiciTapOptions): Tapped | undefined {
  // A proxy's CONNECT and requests of the application's own dispatcher run inside our fetch too.
  const running = fetchExchange.getStore();
  if (running === NOT_OURS) return undefined;
  const fetch = running !== undefined && running.open && running.observer.method === request.method ? running : undefined;
  const observer = fetch === undefined ? observeDirectly(request, options) : fetch.observer;
  if (observer === undefined) return undefined;
  if (fetch !== undefined) fetch.seenOnWire = true;
  const tapped: Tapped = { observer, fetch, byChannel: typeof request.onData !== "function", redirected: false };
  if (fetch?.bodyKnown !== true) readRequestBody(request, observer);
  if (request.onData !== undefined) readResponseBody(request, request.onData, tapped);
  return tapped;
}

/** undici's own `request`, `stream` or `fetch`, without our fetch around it. */
function observeDirectly(request: UndiciRequest, { observe, mayBeModelCall }: UndiciTapOptions): ExchangeObserver | undefined {
  if (request.method !== "POST" || request.path === undefined || !mayBeModelCall(request.path)) return undefined;
  return observe({
    method: request.method,
    url: `${String(request.origin ?? "")}${request.path}`,
    header: headerReader(request.headers),
    body: request.body instanceof Uint8Array ? Buffer.from(request.body).toString() : undefined,
  });
}

/** fetch hands its body to undici as an async generator: read it as it passes, chunk by chunk. */
function readRequestBody(request: UndiciRequest, observer: ExchangeObserver): void {
  const body = request.body as Partial<AsyncGenerator<Uint8Array>> | null | undefined;
  if (typeof body?.next !== "function" || typeof body[Symbol.asyncIterator] !== "function") return;
  request.body = passing(body as AsyncGenerator<Uint8Array>, observer);
}

async function* passing(body: AsyncGenerator<Uint8Array>, observer: ExchangeObserver): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes <= REQUEST_BODY_BYTES_MAX) chunks.push(Buffer.from(chunk));
    yield chunk;
  }
  if (bytes <= REQUEST_BODY_BYTES_MAX) guarded("reading a request body", () => observer.requestBody(Buffer.concat(chunks).toString()));
}

function readResponseBody(request: UndiciRequest, onData: (chunk: Uint8Array) => unknown, tapped: Tapped): void {
  request.onData = function (this: unknown, chunk) {
    if (!tapped.redirected) guarded("reading a chunk", () => tapped.observer.responseChunk(chunk));
    return Reflect.apply(onData, this, [chunk]);
  };
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** Pairs in one flat list (texts or buffers), lines of text, or an object (HTTP/2). */
function headerReader(headers: unknown): HeaderReader {
  let read: Map<string, string> | undefined;
  return (name) => (read ??= readHeaders(headers)).get(name);
}

function readHeaders(headers: unknown): Map<string, string> {
  if (Array.isArray(headers)) return fromList(headers);
  if (typeof headers === "string") return fromList(headers.split("\r\n").flatMap(nameAndValue));
  return fromList(Object.entries(Object(headers)).flat());
}

function fromList(list: readonly unknown[]): Map<string, string> {
  const read = new Map<string, string>();
  for (let index = 0; index + 1 < list.length; index += 2) read.set(latin1(list[index]).toLowerCase(), latin1(list[index + 1]));
  return read;
}

function latin1(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString("latin1") : String(value);
}

function nameAndValue(line: string): string[] {
  const colon = line.indexOf(":");
  return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}
