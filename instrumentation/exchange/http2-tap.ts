import { errorMonitor } from "node:events";
import http2 from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { syncBuiltinESMExports } from "node:module";
import { bodyCollector } from "./body-collector.ts";
import { REQUEST_BODY_BYTES_MAX } from "./exchange.ts";
import type { ExchangeObserver, HeaderReader, ObserveExchange, Untap } from "./exchange.ts";
import { guarded } from "./guarded.ts";
import { stackHere } from "./stack-here.ts";

export interface Http2TapOptions {
  readonly observe: ObserveExchange;
  readonly mayBeModelCall: (url: string) => boolean;
}

type RequestHeaders = Readonly<Record<string, unknown>>;
type Push = (this: ClientHttp2Stream, chunk: unknown, encoding?: BufferEncoding) => boolean;
type Method<This> = (this: This, ...args: unknown[]) => unknown;

/**
 * Reads the exchanges of node:http2, which the AWS SDK speaks to Bedrock. Sessions are met where they are made; each stream
 * of a model call gets its own write, end and push.
 */
export function tapHttp2(options: Http2TapOptions): Untap {
  const target = http2 as unknown as Record<"connect", Method<unknown>>;
  const connect = target.connect;
  const tappedConnect: Method<unknown> = function (this: unknown, ...args) {
    const session = Reflect.apply(connect, this, args) as ClientHttp2Session;
    guarded("reading an HTTP/2 session", () => tapSession(session, String(args[0]), options));
    return session;
  };
  target.connect = tappedConnect;
  syncBuiltinESMExports();
  return () => {
    if (target.connect !== tappedConnect) return;
    target.connect = connect;
    syncBuiltinESMExports();
  };
}

function tapSession(session: ClientHttp2Session, origin: string, options: Http2TapOptions): void {
  const target = session as unknown as Record<"request", Method<ClientHttp2Session>>;
  const request = target.request;
  target.request = function (this: ClientHttp2Session, ...args) {
    const stream = Reflect.apply(request, this, args) as ClientHttp2Stream;
    guarded("reading an HTTP/2 request", () => isUndicis(session) || tapStream(stream, (args[0] ?? {}) as RequestHeaders, origin, options));
    return stream;
  };
}

/** With `allowH2` undici opens sessions of its own (lib/core/symbols.js, kClient); what it sends is read in its channels. */
function isUndicis(session: ClientHttp2Session): boolean {
  return Object.getOwnPropertySymbols(session).some(({ description }) => description === "client");
}

// oxlint-disable-next-line max-params -- one stream with what it was made from
function tapStream(stream: ClientHttp2Stream, headers: RequestHeaders, origin: string, { observe, mayBeModelCall }: Http2TapOptions): void {
  const path = headerText(headers[":path"]) ?? "";
  if (headers[":method"] !== "POST" || !mayBeModelCall(path)) return;
  const target = stream as unknown as Record<"write" | "end", Method<ClientHttp2Stream>>;
  const { write, end } = target;
  const body = bodyCollector(REQUEST_BODY_BYTES_MAX);
  let begun = false;
  target.write = function (...args) {
    guarded("reading a request body", () => body.add(args[0], args[1]));
    return Reflect.apply(write, this, args);
  };
  target.end = function (...args) {
    if (!begun) {
      begun = true;
      guarded("reading a request", () => {
        body.add(args[0], args[1]);
        const observer = observe({
          method: "POST",
          url: `${originOf(headers, origin)}${path}`,
          header: requestHeader(headers),
          body: body.text(),
        });
        if (observer !== undefined) readStream(stream, observer);
      });
    }
    return Reflect.apply(end, this, args);
  };
}

function readStream(stream: ClientHttp2Stream, observer: ExchangeObserver): void {
  stream.on("response", (headers: IncomingHttpHeaders & { ":status"?: number }) =>
    guarded("reading an answer", () => observer.responseHeaders(headers[":status"] ?? 0, (name) => headerText(headers[name]))),
  );
  const { push } = stream as unknown as { push: Push };
  let ended = false;
  stream.push = function (this: ClientHttp2Stream, chunk: unknown, encoding?: BufferEncoding) {
    guarded("reading a chunk", () => {
      if (chunk instanceof Uint8Array) observer.responseChunk(chunk);
      ended ||= chunk === null;
    });
    return Reflect.apply(push, this, [chunk, encoding]);
  };
  let closedByClient = false;
  for (const name of ["close", "destroy"] as const) {
    beforeCall(stream, name, () => {
      closedByClient = true;
      observer.interrupted(stackHere());
    });
  }
  stream.on(errorMonitor, (error: unknown) => observer.fail(error));
  // A stream that was reset ends too, and only its close knows why.
  stream.on("close", () => {
    if (ended && stream.rstCode === http2.constants.NGHTTP2_NO_ERROR) observer.responseEnd();
    observer.fail(new StreamClosed(closedByClient));
  });
}

/** Whoever closes the stream stands on the stack then: a timer that times it out, or the application. */
function beforeCall(stream: ClientHttp2Stream, name: "close" | "destroy", note: () => void): void {
  const target = stream as unknown as Record<typeof name, Method<ClientHttp2Stream>>;
  const original = target[name];
  target[name] = function (...args) {
    guarded("reading an interruption", note);
    return Reflect.apply(original, this, args);
  };
}

/** An exchange that is closed without an error or an end. */
class StreamClosed extends Error {
  readonly code: string;
  constructor(byClient: boolean) {
    super(byClient ? "the client closed the HTTP/2 stream" : "the HTTP/2 stream was closed");
    this.name = byClient ? "AbortError" : "StreamClosed";
    this.code = byClient ? "ABORT_ERR" : "ERR_HTTP2_STREAM_ERROR";
  }
}

function originOf(headers: RequestHeaders, origin: string): string {
  const authority = headerText(headers[":authority"]);
  const scheme = headerText(headers[":scheme"]) ?? origin.split("://")[0];
  return authority === undefined ? origin.replace(/\/$/, "") : `${scheme}://${authority}`;
}

function requestHeader(headers: RequestHeaders): HeaderReader {
  return (name) => headerText(headers[name]);
}

function headerText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join(", ") : typeof value === "number" ? String(value) : undefined;
}
