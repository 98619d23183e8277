import { AsyncLocalStorage } from "node:async_hooks";
import { context } from "@opentelemetry/api";
import type { ExchangeObserver, ExchangeRequest, HeaderReader, ObserveExchange, Untap } from "./exchange.ts";
import { guarded } from "./guarded.ts";

/** The exchange of the fetch that is running: undici creates its request inside it. */
export const fetchExchange = new AsyncLocalStorage<FetchExchange | typeof NOT_OURS>();

/** A fetch that was looked at and is no call to a model: what it sends need not be looked at again. */
export const NOT_OURS = Symbol("not ours");

export interface FetchExchange {
  readonly observer: ExchangeObserver;
  /** The body was read at the call site; else it is read while it is sent. */
  readonly bodyKnown: boolean;
  readonly redirect: Request["redirect"];
  /** undici was seen to send it; without that (a mocked fetch) only status and headers are known. */
  seenOnWire: boolean;
  /** The promise is watched and still open: its rejection says more than undici's error, which comes first. */
  promised: boolean;
  /** Neither the answer nor a failure has come: what undici creates now belongs to this exchange. */
  open: boolean;
  /** Told when the request goes out on a connection. */
  sent: (() => void) | undefined;
}

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
    const exchange = guarded("reading a request", () => beginExchange(url, args, observe));
    if (exchange === undefined) return fetchExchange.run(NOT_OURS, () => Reflect.apply(original, this, args));
    const promise = context.with(exchange.observer.context, () => fetchExchange.run(exchange, () => Reflect.apply(original, this, args)));
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
  let plain: Map<string, string> | undefined;
  return (name) => {
    if (headers === undefined) return undefined;
    if (headers instanceof Headers) return headers.get(name) ?? undefined;
    plain ??= plainHeaders(headers);
    return plain.get(name);
  };
}

function plainHeaders(headers: Exclude<RequestInit["headers"], Headers | undefined>): Map<string, string> {
  // Pairs or a record; anything else that only looks like them reads as nothing.
  const pairs =
    Symbol.iterator in headers ? [...(headers as Iterable<readonly string[]>)] : Object.entries(headers as Record<string, unknown>);
  return new Map(pairs.map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}

/** Only what can be read without consuming it. */
function textOf(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  if (body instanceof ArrayBuffer) return Buffer.from(body).toString();
  return ArrayBuffer.isView(body) ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString() : undefined;
}
