import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { TlsOptions } from "node:tls";

/** A forward proxy that knows both ways: CONNECT, and a request with the whole address in its first line. */
export interface ForwardProxy {
  readonly url: string;
  readonly port: number;
  /** Method and path of what was asked of it: "CONNECT " or "POST /v1/...". */
  readonly lines: string[];
  close(): void;
}

/** @param secure its certificate, for a proxy that is itself spoken to by HTTPS */
export async function startForwardProxy(secure?: Pick<TlsOptions, "cert" | "key">): Promise<ForwardProxy> {
  const lines: string[] = [];
  const forward = (socket: Socket): void => {
    socket.once("data", (bytes) => {
      const head = bytes.toString("latin1");
      const [, method, host, port, path] = /^(\w+) (?:http:\/\/)?([^:/ ]+):(\d+)(\S*)/.exec(head) ?? [];
      lines.push(`${method} ${path}`);
      const target = connect(Number(port), host);
      if (method === "CONNECT") socket.write("HTTP/1.1 200 OK\r\n\r\n");
      else target.write(Buffer.from(head.replace(`http://${host}:${port}`, ""), "latin1"));
      joined(socket, target);
    });
  };
  const server = secure === undefined ? createServer(forward) : createTlsServer(secure, forward);
  const port = await listening(server);
  const url = secure === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  return { url, port, lines, close: () => void server.close() };
}

/** What one socket sends goes to the other, until one breaks. */
export function joined(one: Socket, other: Socket): void {
  for (const [from, to] of [[one, other] as const, [other, one] as const]) from.on("error", () => to.destroy()).pipe(to);
}

/** The port on which a server listens from now on. */
export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}
