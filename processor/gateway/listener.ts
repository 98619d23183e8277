import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { ConfigError } from "../config.ts";

/** What the kernel keeps for us while we are busy. */
const BACKLOG = 1024;
/** Dead peers are noticed by TCP: a sender that lost its network holds no connection for ever. */
const KEEP_ALIVE_MS = 60_000;

export interface Listener {
  readonly port: number;
  close(): void;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Which variable named the port, for the message when it is taken. */
  readonly variable: string;
  readonly connectionsMax: number;
}

/** Listens and hands every connection over, of which nothing was read: it may go to another process. Throws ConfigError where the port cannot be had. */
export function listen(options: ListenOptions, accept: (socket: Socket) => void): Promise<Listener> {
  const { host, port, connectionsMax } = options;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, pauseOnConnect: true }, accept);
  server.maxConnections = connectionsMax;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen({ host, port, backlog: BACKLOG }, () => resolve(listenerOf(server)));
  });
}

function listenerOf(server: Server): Listener {
  // Running out of file descriptors fails one accept, not the gateway.
  server.on("error", () => undefined);
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another process",
  EACCES: "needs more rights than this process has",
  EADDRNOTAVAIL: "is at an address that this machine does not have",
  ENOTFOUND: "is at a host name that is not known here",
};

function listenError(error: NodeJS.ErrnoException, { host, port, variable }: ListenOptions): Error {
  const problem = LISTEN_ERRORS[error.code ?? ""] ?? `cannot be listened on: ${error.message}`;
  return new ConfigError(`${variable}: port ${port} at ${host} ${problem}`, { cause: error });
}
