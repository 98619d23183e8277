import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
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
  return {
    async send(otlp) {
      const body = target.compression === "gzip" ? await gzipBytes(otlp, GZIP) : otlp;
      const headers = {
        ...target.headers,
        "content-type": "application/x-protobuf",
        "content-length": body.length,
        ...(target.compression === "gzip" ? { "content-encoding": "gzip" } : {}),
      };
      const signal = AbortSignal.timeout(target.timeoutMs);
      const answer = await exchange(
        (secure ? httpsRequest : httpRequest)(url, { method: "POST", agent, headers, signal }),
        body,
        target.timeoutMs,
      );
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      throw failureOf(answer);
    },
    close: () => agent.destroy(),
  };
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

function exchange(request: ReturnType<typeof httpRequest>, body: Uint8Array, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.once("response", (response) => void readAnswer(response).then(resolve, reject));
    request.once("error", (error) => {
      reject(
        error.name === "AbortError" || error.name === "TimeoutError" ? new SinkAwayError(`no answer within ${timeoutMs} ms`, 0) : error,
      );
    });
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      response.destroy();
      break;
    }
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"], body: Buffer.concat(chunks) };
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
