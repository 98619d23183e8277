import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { ServedRequest } from "../provider-stand-in.ts";
import type { Outcome, Step } from "./script.ts";
import type { FailureKind, ServedCall, Wire } from "./served-call.ts";

/** HTTP/1 and HTTP/2 answers are used alike. */
export type Answer = ServerResponse;

const SLOW_MS_MAX = 120_000;
const HTML_502 =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n";
const GARBAGE = Buffer.from([
  0x7b, 0x22, 0x69, 0x64, 0x00, 0xff, 0xfe, 0xc3, 0x28, 0x0a, 0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0x7b, 0x5b, 0x0a, 0x0a,
]);

export interface StepContext {
  readonly wire: Wire;
  readonly call: ServedCall;
  readonly step: Step;
  readonly response: Answer;
  /** What really happened is noted here. */
  readonly served: ServedRequest;
  readonly pace: { readonly firstByteMs: number; readonly chunkGapMs: number };
}

/** Does to one request what its step says. */
export async function sendStep(context: StepContext): Promise<void> {
  const { step, pace } = context;
  if (pace.firstByteMs > 0) await sleep(pace.firstByteMs);
  if (isFailure(step.outcome)) return sendFailure(context, step.outcome);
  await SENDERS[step.outcome](context);
}

const SENDERS: Readonly<Record<Exclude<Outcome, FailureKind>, (context: StepContext) => void | Promise<void>>> = {
  ok: sendSuccess,
  slow: async (context) => {
    await waitUntilGone(context.response, context.step.settings["ms"] ?? SLOW_MS_MAX);
    await sendSuccess(context);
  },
  reset: ({ response }) => reset(response),
  cut: sendBrokenStream,
  stream_error: sendBrokenStream,
  garbage: (context) => sendBytes(context, 200, contentTypeOf(context), GARBAGE),
  bad_gateway: (context) => sendBytes(context, 502, "text/html", Buffer.from(HTML_502)),
};

function isFailure(outcome: Outcome): outcome is FailureKind {
  return !Object.hasOwn(SENDERS, outcome);
}

async function sendSuccess(context: StepContext): Promise<void> {
  const { wire, call, response, served, pace } = context;
  if (response.destroyed) return;
  served.usage = call.usage;
  if (!call.streaming) return sendBytes(context, 200, wire.contentType, Buffer.from(JSON.stringify(wire.answer(call))));
  const encoding = encodingOf(context.step);
  if (encoding !== undefined)
    return sendBytes(context, 200, wire.streamContentType, Buffer.concat(wire.stream(call).map((chunk) => Buffer.from(chunk))));
  begin(context, 200, wire.streamContentType);
  for (const [index, chunk] of wire.stream(call).entries()) {
    if (index > 0 && pace.chunkGapMs > 0) await sleep(pace.chunkGapMs);
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

/** Half of the stream, then its end without the rest: the socket breaks, or the provider's error event comes. */
async function sendBrokenStream(context: StepContext): Promise<void> {
  const { wire, call, response, served, step } = context;
  served.usage = call.usage;
  begin(context, 200, contentTypeOf(context));
  const chunks = call.streaming ? wire.stream(call) : [JSON.stringify(wire.answer(call))];
  const half = chunks.length > 1 ? chunks.slice(0, Math.ceil(chunks.length / 2)) : chunks.map((chunk) => chunk.slice(0, chunk.length / 2));
  for (const chunk of half) response.write(chunk);
  await sleep(Math.max(5, context.pace.chunkGapMs));
  if (step.outcome === "cut") return reset(response);
  response.end(wire.streamError);
}

function sendFailure(context: StepContext, kind: FailureKind): void {
  const { status, body, headers } = context.wire.failures[kind];
  sendBytes(context, status, "application/json", Buffer.from(JSON.stringify(body)), headers);
}

// oxlint-disable-next-line max-params -- status, type, bytes and headers are one answer
function sendBytes(
  context: StepContext,
  status: number,
  contentType: string,
  bytes: Buffer,
  headers?: Readonly<Record<string, string>>,
): void {
  const encoding = encodingOf(context.step);
  const body = encoding === "gzip" ? gzipSync(bytes) : encoding === "br" ? brotliCompressSync(bytes) : bytes;
  const length = { "content-length": String(body.length) };
  begin(context, status, contentType, { ...headers, ...length, ...(encoding === undefined ? {} : { "content-encoding": encoding }) });
  context.response.end(body);
}

function begin(context: StepContext, status: number, contentType: string, headers?: Readonly<Record<string, string>>): void {
  context.served.status = status;
  context.response.writeHead(status, {
    "content-type": contentType,
    ...context.wire.headers?.(context.call),
    ...retryHeaders(context.step),
    ...headers,
  });
}

function contentTypeOf({ wire, call }: StepContext): string {
  return call.streaming ? wire.streamContentType : wire.contentType;
}

function retryHeaders({ settings }: Step): Record<string, string> {
  return {
    ...(settings["after"] === undefined ? {} : { "retry-after": String(settings["after"]) }),
    ...(settings["after-ms"] === undefined ? {} : { "retry-after-ms": String(settings["after-ms"]) }),
  };
}

function encodingOf({ settings }: Step): "gzip" | "br" | undefined {
  return settings["gzip"] === 1 ? "gzip" : settings["br"] === 1 ? "br" : undefined;
}

/** HTTP/1: the socket is torn down; HTTP/2: the stream is, since other calls share the socket. */
function reset(response: Answer): void {
  const stream = (response as unknown as { stream?: { close?: (code: number) => void } }).stream;
  if (typeof stream?.close === "function") stream.close(2 /* INTERNAL_ERROR, RFC 9113 section 7 */);
  else response.socket?.resetAndDestroy();
}

async function waitUntilGone(response: Answer, ms: number): Promise<void> {
  const stop = new AbortController();
  response.once("close", () => stop.abort());
  await sleep(ms, undefined, { signal: stop.signal, ref: false }).catch(() => {});
}

async function drained(response: Answer): Promise<void> {
  await new Promise<void>((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}
