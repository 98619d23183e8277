import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { REQUEST_BODY_BYTES_MAX } from "./exchange.ts";
import type { ExchangeObserver, HeaderReader, ObserveExchange, Untap } from "./exchange.ts";
import { currentFetch, NOT_OURS } from "./fetch-exchange.ts";
import type { FetchExchange } from "./fetch-exchange.ts";
import { guarded, sayFailed } from "./guarded.ts";
import { stackHere } from "./stack-here.ts";

/**
 * Where a request keeps what we know of it. A WeakMap would do as well, but each of its entries is looked at in every collection of
 * young garbage; `onData` is set on the same object anyway.
 */
const TAPPED = Symbol("genai-otel");

/** What undici 5 to 8 say of a request in their channels (nodejs/undici docs/api/DiagnosticsChannel.md). */
interface UndiciRequest {
  [TAPPED]?: Tapped;
  readonly origin?: string | URL;
  readonly path?: string;
  readonly method?: string;
  /** Name, value, name, value; undici 5: lines of text. */
  readonly headers?: readonly string[] | string;
  body?: unknown;
  onData?: (chunk: Uint8Array) => unknown;
}

interface UndiciHead {
  readonly statusCode: number;
  readonly headers: unknown;
}

interface Tapped {
  readonly observer: ExchangeObserver;
  readonly fetch: FetchExchange | undefined;
  /** A redirect was followed, and the answer is another request's. */
  redirected: boolean;
  /** Bytes come through the channel, because this undici has no `onData` to put ourselves before. */
  readonly byChannel: boolean;
}

export interface UndiciTapOptions {
  readonly observe: ObserveExchange;
  readonly mayBeModelCall: (url: string) => boolean;
}

type Handler = (message: never) => void;

/** Reads every exchange of undici, the one in Node and those from npm: bytes below the Response, status, end and failure. */
export function tapUndici(options: UndiciTapOptions): Untap {
  const untaps: Untap[] = [];
  const listen = (channel: string, handler: Handler): void => void untaps.push(listening(channel, handler));
  // Said of every chunk of every answer, so that it is asked for only when an undici comes by whose bytes are nowhere else.
  let listensToChunks = false;
  const listenToChunks = (): void => {
    if (listensToChunks) return;
    listensToChunks = true;
    listen("undici:request:bodyChunkReceived", ({ request, chunk }: { request: UndiciRequest; chunk: Uint8Array }) => {
      const tapped = request[TAPPED];
      if (tapped?.byChannel === true && !tapped.redirected) tapped.observer.responseChunk(chunk);
    });
  };
  listen("undici:request:create", ({ request }: { request: UndiciRequest }) => {
    const tapped = begin(request, options);
    if (tapped === undefined) return;
    request[TAPPED] = tapped;
    if (tapped.byChannel) listenToChunks();
  });
  listen("undici:client:sendHeaders", ({ request }: { request: UndiciRequest }) => request[TAPPED]?.fetch?.sent?.());
  listen("undici:request:headers", ({ request, response }: { request: UndiciRequest; response: UndiciHead }) => {
    const tapped = request[TAPPED];
    if (tapped !== undefined && response.statusCode >= 200) readHead(tapped, response.statusCode, headerReader(response.headers));
  });
  listen("undici:request:trailers", ({ request }: { request: UndiciRequest }) => {
    const tapped = request[TAPPED];
    if (tapped?.redirected === false) tapped.observer.responseEnd();
  });
  listen("undici:request:error", ({ request, error }: { request: UndiciRequest; error: unknown }) => {
    const tapped = request[TAPPED];
    if (tapped !== undefined) readFailure(tapped, error);
  });
  return () => {
    for (const untap of untaps) untap();
  };
}

function listening(channel: string, handler: Handler): Untap {
  const subscriber = (message: unknown): void => {
    // Not by `guarded`, which takes a closure: this runs five times a request of whatever kind.
    try {
      handler(message as never);
    } catch (error) {
      sayFailed(channel, error);
    }
  };
  subscribe(channel, subscriber);
  return () => void unsubscribe(channel, subscriber);
}

function begin(request: UndiciRequest, options: UndiciTapOptions): Tapped | undefined {
  // A proxy's CONNECT and requests of the application's own dispatcher run inside our fetch too.
  const running = currentFetch();
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

function readFailure({ fetch, observer }: Tapped, error: unknown): void {
  // Whoever aborts stands on the stack; fetch has a signal that remembers it.
  observer.interrupted(fetch === undefined ? stackHere() : undefined);
  if (fetch?.promised === true) return;
  if (fetch !== undefined) fetch.open = false;
  observer.fail(error);
}

function readHead(tapped: Tapped, status: number, header: HeaderReader): void {
  const { fetch, observer } = tapped;
  fetch?.sent?.();
  tapped.redirected = fetch?.redirect === "follow" && REPEATING_REDIRECTS.has(status) && header("location") !== undefined;
  if (tapped.redirected) return;
  if (fetch !== undefined) fetch.open = false;
  observer.responseHeaders(status, header);
  if (fetch?.redirect === "error" && status >= 300 && status < 400)
    observer.fail(new Error("the answer was a redirect, which the caller had ruled out"));
}

/** Sent again as they are (WHATWG fetch, HTTP-redirect fetch); after the others a POST becomes a GET, which is no call. */
const REPEATING_REDIRECTS: ReadonlySet<number> = new Set([307, 308]);

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
    try {
      if (!tapped.redirected) tapped.observer.responseChunk(chunk);
    } catch (error) {
      sayFailed("reading a chunk", error);
    }
    return onData.call(this, chunk);
  };
}

/** Pairs in one flat list (texts or buffers), lines of text (undici 5), or an object (HTTP/2). */
function headerReader(headers: unknown): HeaderReader {
  let list: readonly unknown[] | undefined;
  return (name) => valueIn((list ??= listOf(headers)), name);
}

function listOf(headers: unknown): readonly unknown[] {
  if (Array.isArray(headers)) return headers;
  if (typeof headers === "string") return headers.split("\r\n").flatMap(nameAndValue);
  return Object.entries(Object(headers)).flat();
}

/** A dozen names are asked for and most are absent: the length settles nearly all, without a text made of the bytes. */
function valueIn(list: readonly unknown[], name: string): string | undefined {
  for (let index = 0; index + 1 < list.length; index += 2) {
    const candidate = list[index] as string | Uint8Array;
    if (candidate.length === name.length && latin1(candidate).toLowerCase() === name) return latin1(list[index + 1]);
  }
  return undefined;
}

function latin1(value: unknown): string {
  if (typeof value === "string") return value;
  return Buffer.isBuffer(value) ? value.toString("latin1") : String(value);
}

function nameAndValue(line: string): string[] {
  const colon = line.indexOf(":");
  return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 1).trim()];
}
