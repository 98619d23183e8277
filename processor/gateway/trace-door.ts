import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CLOSE_POLL_MS, HEADERS_TIMEOUT_MS, type HttpDoor, KEEP_ALIVE_TIMEOUT_MS, TIMEOUT_CHECK_MS } from "./http.ts";
import { TAKEN, TraceConnection, type TraceConnectionOptions, TRACES_PATH } from "./trace-connection.ts";

export interface TraceDoorOptions extends Omit<TraceConnectionOptions, "intake" | "takenTimes" | "fallback" | "onClose"> {
  readonly requestTimeoutMs: number;
  /** Where everything goes that is not the plain export of traces. */
  readonly http: Pick<HttpDoor, "accept">;
}

/** One read takes so much at most, and libuv, which asks for this much itself, reads again where it was filled. */
const INTAKE_BYTES = 64 * 1024;

export type TraceDoor = Pick<HttpDoor, "accept" | "close">;

/** Every connection without TLS begins here: see TraceConnection. */
export function createTraceDoor({ requestTimeoutMs, http, ...options }: TraceDoorOptions): TraceDoor {
  const connections = new Set<TraceConnection>();
  let closing = false;
  const silentMsMax = Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs);
  const shared: TraceConnectionOptions = {
    ...options,
    takenTimes: options.metrics.httpDuration.series({ http_route: TRACES_PATH, http_response_status_code: TAKEN }),
    intake: Buffer.allocUnsafeSlow(INTAKE_BYTES),
    fallback: (socket) => http.accept(socket),
    onClose: (connection) => connections.delete(connection),
  };

  /** The same clocks as Node's server has. */
  function sweep(): void {
    const nowMs = performance.now();
    for (const connection of connections) {
      const ageMs = nowMs - connection.sinceMs;
      if (connection.isReading ? ageMs > requestTimeoutMs : connection.isNew && ageMs > silentMsMax) connection.timeOut();
      else if (!connection.isBusy && ageMs > KEEP_ALIVE_TIMEOUT_MS) connection.expire();
    }
  }

  const timer = setInterval(sweep, TIMEOUT_CHECK_MS).unref();
  return {
    accept(socket: Socket) {
      // Node's server, which is closing too, lets a new connection have one answer.
      if (closing) http.accept(socket);
      else if (!socket.destroyed) connections.add(new TraceConnection(socket, shared));
    },
    async close(deadlineMs) {
      closing = true;
      for (const connection of connections) connection.finish();
      for (const until = Date.now() + deadlineMs; [...connections].some(({ isBusy }) => isBusy) && Date.now() < until;) {
        await sleep(CLOSE_POLL_MS);
      }
      clearInterval(timer);
      for (const connection of connections) connection.destroy();
    },
  };
}
