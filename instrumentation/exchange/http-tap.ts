import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { errorMonitor } from "node:events";
import { ClientRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { context } from "@opentelemetry/api";
import { REQUEST_BODY_BYTES_MAX } from "./exchange.ts";
import type { ExchangeObserver, ObserveExchange, Untap } from "./exchange.ts";
import { guarded } from "./guarded.ts";
import { stackHere } from "./stack-here.ts";
import { bodyCollector } from "./body-collector.ts";
import type { BodyCollector } from "./body-collector.ts";

export interface HttpTapOptions {
  readonly observe: ObserveExchange;
  readonly mayBeModelCall: (url: string) => boolean;
}

interface Tapped {
  readonly body: BodyCollector;
  /** The body is whole, and was looked at. */
  begun: boolean;
  /** undefined for what is no call to a model. */
  observer: ExchangeObserver | undefined;
}

const RESPONSE_CHANNEL = "http.client.response.finish";

/**
 * Reads the exchanges of node:http and node:https (node-fetch, axios, got, older SDKs). Request bytes are seen where they
 * are written, since the channels of Node have none; response bytes where the parser pushes them into the message, so that
 * nobody's reading is started or stopped by us.
 */
export function tapHttp(options: HttpTapOptions): Untap {
  const requests = new WeakMap<ClientRequest, Tapped>();
  const untapRequests = tapRequests(requests, options);
  const onResponse = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const observer = requests.get(request)?.observer;
    if (observer !== undefined) guarded(RESPONSE_CHANNEL, () => readResponse(response, observer));
  };
  subscribe(RESPONSE_CHANNEL, onResponse);
  return () => {
    untapRequests();
    unsubscribe(RESPONSE_CHANNEL, onResponse);
  };
}

type Push = (this: IncomingMessage, chunk: unknown, encoding?: BufferEncoding) => boolean;
type Destroy = (this: ClientRequest, ...args: (Error | null | undefined)[]) => ClientRequest;
type Write = (this: ClientRequest, ...args: unknown[]) => unknown;

function tapRequests(requests: WeakMap<ClientRequest, Tapped>, options: HttpTapOptions): Untap {
  const prototype = ClientRequest.prototype as unknown as Record<"write" | "end", Write>;
  const { write, end } = prototype;
  const tappedOf = (request: ClientRequest): Tapped | undefined => {
    const known = requests.get(request);
    if (known !== undefined || request.method !== "POST" || !options.mayBeModelCall(request.path)) return known;
    const tapped: Tapped = { body: bodyCollector(REQUEST_BODY_BYTES_MAX), begun: false, observer: undefined };
    requests.set(request, tapped);
    return tapped;
  };
  const readThen = (method: Write, isEnd: boolean): Write =>
    function (...args) {
      const tapped = guarded("finding a request", () => tappedOf(this));
      if (tapped === undefined) return Reflect.apply(method, this, args);
      guarded("reading a request", () => readBody(this, tapped, args, { ...options, isEnd }));
      if (tapped.observer === undefined) return Reflect.apply(method, this, args);
      return context.with(tapped.observer.context, () => Reflect.apply(method, this, args));
    };
  const tappedWrite = readThen(write, false);
  const tappedEnd = readThen(end, true);
  prototype.write = tappedWrite;
  prototype.end = tappedEnd;
  return () => {
    if (prototype.write === tappedWrite) prototype.write = write;
    if (prototype.end === tappedEnd) prototype.end = end;
  };
}

/**
 * A body that has its whole length is sent without its end: a server may answer before a client calls it (got), or it never
 * does.
 */
// oxlint-disable-next-line max-params -- one request with its state
function readBody(
  request: ClientRequest,
  tapped: Tapped,
  args: readonly unknown[],
  { observe, isEnd }: HttpTapOptions & { readonly isEnd: boolean },
): void {
  if (tapped.begun) return;
  tapped.body.add(args[0], args[1]);
  if (!isEnd && !(tapped.body.bytes() >= Number(request.getHeader("content-length")))) return;
  tapped.begun = true;
  tapped.observer = observe({
    method: request.method,
    url: urlOf(request),
    header: (name) => headerText(request.getHeader(name)),
    body: tapped.body.text(),
  });
  if (tapped.observer !== undefined) watchEnd(request, tapped.observer);
}

/** Whoever destroys the request stands on the stack, unless it broke by itself: a timer that times it out, or the application. */
function watchEnd(request: ClientRequest, observer: ExchangeObserver): void {
  let destroyedByClient = false;
  const { destroy } = request as unknown as { destroy: Destroy };
  request.destroy = function (this: ClientRequest, ...args) {
    const broken = args[0] !== undefined && args[0] !== null && "errno" in args[0];
    if (!broken) guarded("reading an interruption", () => observer.interrupted(stackHere()));
    destroyedByClient ||= (args[0] === undefined || args[0] === null) && !isBroken(this);
    return Reflect.apply(destroy, this, args);
  };
  // errorMonitor does not count as a handler: an error that nobody handles stays unhandled. "socket hang up" is what a
  // request gets that its own client destroyed.
  request.on(errorMonitor, (error: unknown) => observer.fail(destroyedByClient ? new ConnectionClosed() : error));
  request.on("close", () => observer.fail(destroyedByClient ? new ConnectionClosed() : (request.errored ?? new ConnectionBroken())));
}

/** A client tidies up after a connection that broke under it: that is no abort. */
function isBroken(request: ClientRequest & { readonly res?: IncomingMessage }): boolean {
  const socket = request.res?.socket ?? request.socket;
  return socket?.destroyed === true || (socket?.errored ?? null) !== null || (request.res?.errored ?? null) !== null;
}

/** An exchange that is closed without an error or an end: destroyed by its client. */
class ConnectionClosed extends Error {
  override readonly name = "AbortError";
  constructor() {
    super("the client closed the request");
  }
}

function readResponse(response: IncomingMessage, observer: ExchangeObserver): void {
  const { rawHeaders } = response;
  observer.responseHeaders(response.statusCode ?? 0, (name) => rawHeader(rawHeaders, name));
  const { push } = response as unknown as { push: Push };
  response.push = function (this: IncomingMessage, chunk: unknown, encoding?: BufferEncoding) {
    guarded("reading a chunk", () => {
      if (chunk === null) endOf(response, observer);
      else if (chunk instanceof Uint8Array) observer.responseChunk(chunk);
    });
    return Reflect.apply(push, this, [chunk, encoding]);
  };
  response.on(errorMonitor, (error: unknown) => observer.fail(error));
}

/** Read when the application has long had them: of `headers` axios deletes what it has dealt with. Names and values in turns, as they came. */
function rawHeader(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [key = "", value = ""] = [rawHeaders[index], rawHeaders[index + 1]];
    if (key.length === name.length && key.toLowerCase() === name) found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** A message is ended also when its socket breaks; then it is not complete, and its error may come later or never. */
function endOf(response: IncomingMessage, observer: ExchangeObserver): void {
  if (response.complete) observer.responseEnd();
  else observer.fail(response.errored ?? new ConnectionBroken());
}

class ConnectionBroken extends Error {
  readonly code = "ECONNRESET";
  constructor() {
    super("the connection broke before the answer was complete");
  }
}

function urlOf(request: ClientRequest): string {
  // Through a proxy the path is the whole address.
  if (/^https?:/.test(request.path)) return request.path;
  return `${request.protocol}//${headerText(request.getHeader("host")) ?? request.host}${request.path}`;
}

function headerText(value: number | string | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : typeof value === "object" ? value.join(", ") : String(value);
}
