import type { HttpAnswer } from "./http-answer.ts";
import { type HttpAddress, HttpConnection, type HttpRequest } from "./http-connection.ts";
import { SinkAwayError } from "./sink-error.ts";

/** Posts to one URL. */
export interface HttpClient {
  /** Settles when the answer is there and nothing reads the pieces any more. Rejects with SinkAwayError, or the error of the system. */
  post(pieces: readonly Uint8Array[]): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpClientOptions extends HttpAddress {
  /** Path and query. */
  readonly path: string;
  /** By name, without those that say how the request is framed. */
  readonly headers: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
}

export const CONNECTIONS_MAX = 8;
const INTAKE_BYTES = 16 * 1024;

/**
 * HTTP/1.1 without TLS on kept connections, over plain sockets: of what node:http does for a request, a batch needs a third.
 *
 * A request that finds a kept connection closed is sent once more on another one. Nobody can know whether the backend had read
 * it before it closed (RFC 9112 section 9.3.1), so it may come twice, as it may whenever a connection breaks: the sender or the
 * spool then repeats it, and a backend has to know a span by its id. Without this every backend that closes idle connections
 * would seem to be away now and then.
 */
export function createHttpClient({ path, headers, ...address }: HttpClientOptions): HttpClient {
  const start = headStart(path, headers);
  const open = new Set<HttpConnection>();
  /** The one that was used last is used first, so that those that are not needed become idle. */
  const free: HttpConnection[] = [];
  const waiting: HttpRequest[] = [];
  const intake = Buffer.allocUnsafeSlow(INTAKE_BYTES);
  let closed = false;

  function sendOnNew(request: HttpRequest): void {
    const connection = new HttpConnection({ ...address, intake, onFree, onClose, onStale });
    open.add(connection);
    connection.send(request);
  }

  function onFree(connection: HttpConnection): void {
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else connection.send(next);
  }

  function onClose(connection: HttpConnection): void {
    open.delete(connection);
    const index = free.indexOf(connection);
    if (index >= 0) free.splice(index, 1);
    const next = waiting.shift();
    if (next !== undefined) sendOnNew(next);
  }

  function onStale(request: HttpRequest): void {
    send({ ...request, isRepeated: true });
  }

  function takeFree(): HttpConnection | null {
    for (let connection = free.pop(); connection !== undefined; connection = free.pop()) {
      if (connection.isUsable) return connection;
    }
    return null;
  }

  function send(request: HttpRequest): void {
    if (closed) {
      request.reject(stopping());
      return;
    }
    // What was sent before avoids the others that may have ended as well.
    const kept = request.isRepeated ? null : takeFree();
    if (kept !== null) kept.send(request);
    else if (open.size < CONNECTIONS_MAX) sendOnNew(request);
    else waiting.push(request);
  }

  return {
    post(pieces) {
      const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
      const head = Buffer.from(`${start}${bytes}\r\n\r\n`, "latin1");
      return new Promise((resolve, reject) => send({ head, pieces, resolve, reject, isRepeated: false }));
    },
    close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(stopping());
      for (const connection of open) connection.fail(stopping());
    },
  };
}

function stopping(): SinkAwayError {
  return new SinkAwayError("the gateway is stopping", 0);
}

/** A request's head up to the length of its body. */
function headStart(path: string, headers: ReadonlyMap<string, string>): string {
  const lines = Array.from(headers, ([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}connection: keep-alive\r\ncontent-length: `;
}
