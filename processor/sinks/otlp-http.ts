import { validateHeaderName, validateHeaderValue } from "node:http";
import { urlToHttpOptions } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { HttpAnswer } from "./http-answer.ts";
import { createHttpClient, type HttpClientOptions } from "./http-client.ts";
import { createHttpsClient } from "./https-client.ts";
import { RefusedBatchError, SinkAwayError } from "./sink-error.ts";
import type { OtlpTarget, OtlpTransport } from "./otlp.ts";

const PORTS = { "http:": 80, "https:": 443 } as const;
/** Level 1 is five times as fast as the default and nearly as good on spans. */
const GZIP = { level: 1 };
/** How a request is framed is the client's own affair. */
const FRAMING = ["content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade"];

/** The only answers that say that the batch itself is at fault; of everything else the next try may cure (OTLP specification, "Failures"). */
const REFUSED = new Set([400, 413, 415, 422, 431]);

const gzipBytes = promisify<Uint8Array, { level: number }, Buffer>(gzip);

/** OTLP/HTTP in protobuf: one POST per batch on kept connections. Throws TypeError for headers that cannot be sent. */
export function otlpHttpTransport(target: OtlpTarget): OtlpTransport {
  const url = tracesUrl(target.endpoint);
  const options = clientOptions(url, target);
  const client = url.protocol === "https:" ? createHttpsClient(options, target.tls) : createHttpClient(options);
  return {
    async send(parts) {
      const pieces = target.compression === "gzip" ? [await gzipBytes(Buffer.concat(parts), GZIP)] : parts;
      const answer = await client.post(pieces);
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      throw failureOf(answer);
    },
    close: () => client.close(),
  };
}

function clientOptions(url: URL, target: OtlpTarget): HttpClientOptions {
  const { hostname, path } = urlToHttpOptions(url);
  const port = url.port === "" ? PORTS[url.protocol as keyof typeof PORTS] : Number(url.port);
  return { host: hostname ?? "", port, path: path ?? "/", headers: headersOf(url, target), timeoutMs: target.timeoutMs };
}

function headersOf(url: URL, target: OtlpTarget): Map<string, string> {
  const headers = new Map([["host", url.host]]);
  if (url.username !== "") headers.set("authorization", basicAuth(url));
  for (const [name, value] of Object.entries(target.headers)) headers.set(name.toLowerCase(), value);
  headers.set("content-type", "application/x-protobuf");
  if (target.compression === "gzip") headers.set("content-encoding", "gzip");
  for (const name of FRAMING) headers.delete(name);
  for (const [name, value] of headers) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  return headers;
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

function failureOf({ status, retryAfter }: HttpAnswer): Error {
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
