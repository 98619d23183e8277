import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent, request as startRequest } from "node:https";
import { ANSWER_BYTES_MAX, type HttpAnswer } from "./http-answer.ts";
import { CONNECTIONS_MAX, type HttpClient, type HttpClientOptions } from "./http-client.ts";
import { SinkAwayError } from "./sink-error.ts";

/** PEM. */
export interface ClientTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const IDLE_MS = 30_000;

/** As createHttpClient, with TLS: what that costs leaves nothing to be gained from Node's own client. */
export function createHttpsClient({ timeoutMs, headers, ...address }: HttpClientOptions, tls: ClientTls): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX, timeout: IDLE_MS, ...tls });
  const fixed: RequestOptions = { ...address, method: "POST", agent };
  // Names and values in turns, which Node writes as they are; the value of the last one is missing: it is the body's own.
  const lines = [...[...headers].flat(), "content-length"];
  return {
    post(pieces) {
      const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
      return exchange(startRequest({ ...fixed, headers: [...lines, String(bytes)] }), pieces, timeoutMs);
    },
    close: () => agent.destroy(),
  };
}

function exchange(request: ClientRequest, pieces: readonly Uint8Array[], timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => request.destroy(new SinkAwayError(`no answer within ${timeoutMs} ms`, 0)), timeoutMs);
    let answer: HttpAnswer | null = null;
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
