import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { OtlpTransport } from "./otlp.ts";
import { otlpHttpTransport } from "./otlp-http.ts";
import { SinkAwayError } from "./sink-error.ts";

const opened: (Server | TcpServer | OtlpTransport)[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

async function listening(server: Server | TcpServer): Promise<number> {
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function transportTo(port: number, changes: Partial<Parameters<typeof otlpHttpTransport>[0]> = {}): OtlpTransport {
  const transport = otlpHttpTransport({
    endpoint: `http://127.0.0.1:${port}`,
    protocol: "http/protobuf",
    headers: {},
    compression: "none",
    timeoutMs: 2000,
    tls: {},
    ...changes,
  });
  opened.push(transport);
  return transport;
}

/** A backend that keeps what it is sent, and answers with the rest. */
async function backend(respond: RequestListener): Promise<{ port: number; seen: { headers: Record<string, unknown>; body: string }[] }> {
  const seen: { headers: Record<string, unknown>; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      respond(request, response);
    });
  });
  return { port: await listening(server), seen };
}

test("sends the pieces as one body, with the configured headers and the credentials of the URL, on one connection", async () => {
  const { port, seen } = await backend((_request, response) => response.end("answer"));
  const transport = transportTo(port, {
    endpoint: `http://us%40er:pass@127.0.0.1:${port}/base/`,
    headers: { "X-Scope-OrgID": "tenant" },
  });
  const answers = [
    await transport.send([Buffer.from("one"), Buffer.alloc(300_000, "x"), Buffer.from("two")]),
    await transport.send([Buffer.from("three")]),
  ];
  expect(answers.map(String)).toEqual(["answer", "answer"]);
  expect(seen.map(({ body }) => body)).toEqual([`one${"x".repeat(300_000)}two`, "three"]);
  expect(seen[0]?.headers).toMatchObject({
    host: `127.0.0.1:${port}`,
    authorization: `Basic ${Buffer.from("us@er:pass").toString("base64")}`,
    "content-type": "application/x-protobuf",
    "content-length": "300006",
    "x-scope-orgid": "tenant",
    connection: "keep-alive",
  });
});

test("takes no more of an answer than its bound", async () => {
  const { port } = await backend((_request, response) => response.end(Buffer.alloc(1_000_000)));
  expect((await transportTo(port).send([Buffer.from("x")])).length).toBeLessThanOrEqual(64 * 1024);
});

test("gives up in time, and tells so", async () => {
  const { port } = await backend(() => undefined);
  const failed = transportTo(port, { timeoutMs: 50 }).send([Buffer.from("x")]);
  await expect(failed).rejects.toThrow(new SinkAwayError("no answer within 50 ms", 0));
});

test.each([
  ["in the middle of its answer", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"],
  ["without an answer", ""],
])("a connection that ends %s is a passing failure", async (_name, answer) => {
  const port = await listening(
    createTcpServer((socket) => {
      socket.once("data", () => socket.end(answer));
      socket.on("error", () => undefined);
    }),
  );
  await expect(transportTo(port).send([Buffer.from("x")])).rejects.toThrow();
});

test("does not settle before the last byte is out, although the answer came first", async () => {
  let received = 0;
  const port = await listening(
    createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        socket.pause();
        setTimeout(() => socket.resume(), 100);
        socket.on("data", (chunk: Buffer) => (received += chunk.length));
      });
    }),
  );
  const bytes = 20_000_000;
  await transportTo(port).send([Buffer.alloc(bytes)]);
  expect(received).toBeGreaterThan(bytes / 4);
});
