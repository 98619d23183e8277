import { context } from "@opentelemetry/api";
import type { ExchangeRequest, HeaderReader, ObserveExchange, Untap } from "./exchange.ts";
import { callFetch, NOT_OURS } from "./fetch-exchange.ts";
import type { FetchExchange } from "./fetch-exchange.ts";
import { guarded, sayFailed } from "./guarded.ts";

type Fetch = typeof globalThis.fetch;

export interface FetchTapOptions {
  readonly observe: ObserveExchange;
  readonly mayBeModelCall: (url: string) => boolean;
}

/**
 * Wraps the global fetch for what only the call site knows: the context, the body, the signal. The caller gets the native promise
 * of the native Response; the outcome and the bytes are read below them, at undici.
 */
export function tapFetch(options: FetchTapOptions): Untap {
  const original: Fetch | undefined = globalThis.fetch;
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, "fetch");
  if (original === undefined || descriptor?.configurable !== true) return () => {};
  const tapped = wrapFetch(original, options);
  Object.defineProperty(globalThis, "fetch", { ...withValue(descriptor), value: tapped });
  return () => {
    // Somebody may have wrapped ours since: then it stays and only stops looking.
    if (globalThis.fetch === tapped) Object.defineProperty(globalThis, "fetch", descriptor);
  };
}

function wrapFetch(original: Fetch, { observe, mayBeModelCall }: FetchTapOptions): Fetch {
  const tapped = function fetch(this: unknown, ...args: Parameters<Fetch>): ReturnType<Fetch> {
    const url = urlOf(args[0]);
    if (url === undefined || !mayBeModelCall(url)) return Reflect.apply(original, this, args);
    const exchange = tryBeginExchange(url, args, observe);
    const call = (): ReturnType<Fetch> => Reflect.apply(original, this, args);
    if (exchange === undefined) return callFetch(NOT_OURS, context.active(), call);
    const promise = callFetch(exchange, exchange.observer.context, call);
    if (exchange.seenOnWire) return promise;
    exchange.sent?.();
    // A mock may return anything.
    return typeof (promise as Promise<Response> | undefined)?.then === "function" ? watched(promise, exchange) : promise;
  };
  return Object.defineProperties(tapped, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  });
}

/** Not by `guarded`, which takes a closure. */
function tryBeginExchange(url: string, args: Parameters<Fetch>, observe: ObserveExchange): FetchExchange | undefined {
  try {
    return beginExchange(url, args, observe);
  } catch (error) {
    sayFailed("reading a request", error);
    return undefined;
  }
}

function beginExchange(url: string, args: Parameters<Fetch>, observe: ObserveExchange): FetchExchange | undefined {
  const request = exchangeRequest(url, args);
  const observer = observe(request);
  if (observer === undefined) return undefined;
  const [input, init] = args;
  const redirect = init?.redirect ?? (input instanceof Request ? input.redirect : "follow");
  const bodyKnown = request.body !== undefined;
  const exchange: FetchExchange = {
    observer,
    bodyKnown,
    redirect,
    seenOnWire: false,
    promised: false,
    open: true,
    sent: undefined,
  };
  const { signal } = request;
  if (signal?.aborted === false) guarded("watching a signal", () => watchUntilSent(exchange, signal));
  return exchange;
}

/**
 * undici says nothing of a request that is aborted before it has a connection. Its fetch listens to the same signal, so that
 * one more listener keeps nothing alive that would not be; it is gone when the request is on its way.
 */
function watchUntilSent(exchange: FetchExchange, signal: AbortSignal): void {
  const onAbort = (): void => {
    exchange.sent = undefined;
    guarded("reading an abort", () => {
      exchange.observer.interrupted();
      if (exchange.seenOnWire) exchange.observer.fail(signal.reason);
    });
  };
  signal.addEventListener("abort", onAbort, { once: true });
  exchange.sent = () => {
    exchange.sent = undefined;
    signal.removeEventListener("abort", onAbort);
  };
}

/**
 * For a fetch that somebody put in place of Node's and that has sent nothing yet, or never will: only its promise tells. The
 * caller gets the promise after it, with the same Response or reason: a handler on the original would count as handling, and a
 * rejection that the application forgot would no longer be reported. Apart from the wrapper, so that nothing here keeps the
 * request alive.
 */
function watched(promise: Promise<Response>, exchange: FetchExchange): Promise<Response> {
  exchange.promised = true;
  return promise.then(
    (response) => {
      guarded("reading an answer", () => settled(exchange, response));
      return response;
    },
    (error: unknown) => {
      guarded("reading a failure", () => failed(exchange, error));
      throw error;
    },
  );
}

/** The global is an accessor in some releases of Node; as a value it behaves the same for whoever reads or sets it. */
function withValue({ enumerable }: PropertyDescriptor): PropertyDescriptor {
  return { enumerable: enumerable ?? true, configurable: true, writable: true };
}

function settled(exchange: FetchExchange, response: Response): void {
  exchange.promised = false;
  if (exchange.seenOnWire) return;
  exchange.open = false;
  exchange.observer.responseHeaders(response.status, (name) => response.headers.get(name) ?? undefined);
  exchange.observer.responseEnd();
}

function failed(exchange: FetchExchange, error: unknown): void {
  exchange.promised = false;
  exchange.open = false;
  exchange.observer.fail(error);
}

function urlOf(input: Parameters<Fetch>[0]): string | undefined {
  if (typeof input === "string") return input;
  if (input instanceof URL) return input.href;
  return input instanceof Request ? input.url : undefined;
}

function exchangeRequest(url: string, [input, init]: Parameters<Fetch>): ExchangeRequest {
  const request = input instanceof Request ? input : undefined;
  return {
    method: (init?.method ?? request?.method ?? "GET").toUpperCase(),
    url,
    header: headerReader(init?.headers ?? request?.headers),
    body: textOf(init?.body),
    signal: init?.signal ?? request?.signal,
  };
}

function headerReader(headers: RequestInit["headers"]): HeaderReader {
  if (headers === undefined) return () => undefined;
  if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
  return (name) => plainHeader(headers, name);
}

/** Pairs or a record; anything else that only looks like them reads as nothing. */
function plainHeader(headers: Exclude<RequestInit["headers"], Headers | undefined>, name: string): string | undefined {
  if (Symbol.iterator in headers) {
    for (const [key, value] of headers as Iterable<readonly unknown[]>) if (isNamed(key, name)) return String(value);
    return undefined;
  }
  for (const key in headers) if (isNamed(key, name)) return String((headers as Record<string, unknown>)[key]);
  return undefined;
}

/** @param name in lower case */
function isNamed(key: unknown, name: string): boolean {
  return typeof key === "string" && key.length === name.length && key.toLowerCase() === name;
}

/** Only what can be read without consuming it. */
function textOf(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  if (body instanceof ArrayBuffer) return Buffer.from(body).toString();
  return ArrayBuffer.isView(body) ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString() : undefined;
}
