import { Agent as HttpAgent, type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { urlToHttpOptions } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { RefusedBatchError, SinkAwayError } from "./sink-error.ts";
import type { OtlpTarget, OtlpTransport } from "./otlp.ts";

/** An answer of a backend is a few bytes; what is longer is no OTLP. */
const ANSWER_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 8;
const IDLE_MS = 30_000;
/** Level 1 is five times as fast as the default and nearly as good on spans. */
const GZIP = { level: 1 };

/** The only answers that say that the batch itself is at fault; of everything else the next try may cure (OTLP specification, "Failures"). */
const REFUSED = new Set([400, 413, 415, 422, 431]);

const gzipBytes = promisify<Uint8Array, { level: number }, Buffer>(gzip);

/** OTLP/HTTP in protobuf: one POST per batch on kept connections. */
export function otlpHttpTransport(target: OtlpTarget): OtlpTransport {
  const url = tracesUrl(target.endpoint);
  const secure = url.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_MS };
  const agent = secure ? new HttpsAgent({ ...agentOptions, ...target.tls }) : new HttpAgent(agentOptions);
  const start = secure ? httpsRequest : httpRequest;
  const fixed: RequestOptions = { ...urlToHttpOptions(url), method: "POST", agent };
  const headers = headersOf(url, target);
  return {
    async send(parts) {
      const pieces = target.compression === "gzip" ? [await gzipBytes(Buffer.concat(parts), GZIP)] : parts;
      const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
      const request = start({ ...fixed, headers: [...headers, String(bytes)] });
      const answer = await exchange(request, pieces, target.timeoutMs);
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      throw failureOf(answer);
    },
    close: () => agent.destroy(),
  };
}

/** Names and values in turns, which Node writes as they are; the value of the last one is missing: it is the body's own. */
function headersOf(url: URL, target: OtlpTarget): string[] {
  const headers = new Map([["host", url.host]]);
  if (url.username !== "") headers.set("authorization", basicAuth(url));
  for (const [name, value] of Object.entries(target.headers)) headers.set(name.toLowerCase(), value);
  headers.set("content-type", "application/x-protobuf");
  if (target.compression === "gzip") headers.set("content-encoding", "gzip");
  headers.delete("content-length");
  return [...[...headers].flat(), "content-length"];
}

/** RFC 7617. */
function basicAuth({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`;
}

/** As OTEL_EXPORTER_OTLP_ENDPOINT is read: a base, to which the signal's path is appended unless it is there. */
function tracesUrl(endpoint: string): URL {
  const url = new URL(endpoint);
  if (!url.pathname.endsWith("/v1/traces")) url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/traces`;
  return url;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** Settles when the answer is there and nothing reads the pieces any more. */
function exchange(request: ClientRequest, pieces: readonly Uint8Array[], timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => request.destroy(new SinkAwayError(`no answer within ${timeoutMs} ms`, 0)), timeoutMs);
    let answer: Answer | null = null;
    request.on("response", (response) =>
      readAnswer(response, (body) => {
        answer = { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"], body };
      }),
    );
    request.on("error", reject);
    request.on("close", () => {
      clearTimeout(timer);
      if (answer === null) reject(new SinkAwayError("the backend closed the connection before its answer was whole", 0));
      else resolve(answer);
    });
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

/** Calls back with the body when it has ended, or is too long to be one of OTLP. */
function readAnswer(response: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= ANSWER_BYTES_MAX) {
      chunks.push(chunk);
      return;
    }
    done(Buffer.concat(chunks));
    response.destroy();
  });
  response.on("end", () => done(Buffer.concat(chunks)));
}

function failureOf({ status, retryAfter }: Answer): Error {
  if (REFUSED.has(status)) return new RefusedBatchError(`the backend answered ${status}`);
  return new SinkAwayError(`the backend answered ${status}`, retryAfterMs(retryAfter));
}

/** RFC 9110 section 10.2.3: seconds or a date. 0 where there is none. */
function retryAfterMs(value: string | undefined): number {
  if (value === undefined) return 0;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - Date.now());
}
