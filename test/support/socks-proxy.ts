import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { joined, listening } from "./forward-proxy.ts";

/** A SOCKS5 proxy that asks for no password (RFC 1928), for CONNECT alone. */
export interface SocksProxy {
  readonly port: number;
  /** Host and port of what was asked of it. */
  readonly targets: string[];
  close(): void;
}

const VERSION = 5;
const NO_PASSWORD = Buffer.from([VERSION, 0]);
const CONNECTED = Buffer.from([VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const NAMED = 3;
const IPV4_BYTES = 4;
/** Version, command, reserved, kind of address. */
const HEAD_BYTES = 4;

export async function startSocksProxy(): Promise<SocksProxy> {
  const targets: string[] = [];
  const server = createServer((socket) => {
    socket.once("data", () => {
      socket.write(NO_PASSWORD);
      socket.once("data", (asked) => targets.push(connectTo(socket, asked)));
    });
  });
  const port = await listening(server);
  return { port, targets, close: () => void server.close() };
}

/** Section 4: a name has its length before it, an address of IPv4 is four bytes; the port comes last. */
function connectTo(socket: Socket, asked: Buffer): string {
  const isNamed = asked[HEAD_BYTES - 1] === NAMED;
  const start = isNamed ? HEAD_BYTES + 1 : HEAD_BYTES;
  const end = start + (isNamed ? (asked[HEAD_BYTES] ?? 0) : IPV4_BYTES);
  const host = isNamed ? asked.toString("latin1", start, end) : asked.subarray(start, end).join(".");
  const port = asked.readUInt16BE(end);
  const target = connect(port, host === "localhost" ? "127.0.0.1" : host, () => {
    socket.write(CONNECTED);
    joined(socket, target);
  });
  return `${host}:${port}`;
}
