import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startOtlpBackend, type OtlpBackend } from "./support/otlp-backend.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";
import { traceRequest } from "./support/trace-requests.ts";

const ADMITTED_BYTES = 1024 * 1024;

let backend: OtlpBackend;
let gateway: TestGateway;
const open: Connection[] = [];

beforeAll(async () => {
  backend = await startOtlpBackend();
  gateway = await startTestGateway({
    FORWARD_OTLP_ENDPOINT: backend.url,
    REQUEST_TIMEOUT: "2s",
    BODY_BYTES_MAX: String(ADMITTED_BYTES),
    ADMITTED_BYTES_MAX: String(ADMITTED_BYTES),
  });
});
afterAll(async () => {
  await gateway.close();
  await backend.close();
});
afterEach(() => {
  for (const { socket } of open.splice(0)) socket.destroy();
});

interface Connection {
  readonly socket: Socket;
  /** Status, headers and body of the next answer. */
  readonly answer: () => Promise<{ status: number; head: string; body: string }>;
  closed: boolean;
}

async function connection(): Promise<Connection> {
  const socket = connect(gateway.httpPort, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => undefined);
  socket.on("close", () => (made.closed = true));
  const made: Connection = {
    socket,
    closed: false,
    answer: async () => {
      await expect.poll(() => wholeAnswer(text), { timeout: 5000, interval: 5 }).toBeGreaterThan(0);
      const whole = text.slice(0, wholeAnswer(text));
      text = text.slice(whole.length);
      const [head = "", body = ""] = whole.split("\r\n\r\n");
      return { status: Number(head.split(" ")[1]), head, body };
    },
  };
  open.push(made);
  await new Promise((resolve) => socket.once("connect", resolve));
  return made;
}

/** Its length; 0 while it is not there. */
function wholeAnswer(text: string): number {
  const headEnd = text.indexOf("\r\n\r\n");
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0);
  return headEnd < 0 || text.length < headEnd + 4 + length ? 0 : headEnd + 4 + length;
}

function post(body: Uint8Array, ...headers: string[]): Buffer {
  const head = [
    "POST /v1/traces HTTP/1.1",
    "Host: gateway",
    "Content-Type: application/x-protobuf",
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

const arrived = (spanIds: readonly string[]): boolean => spanIds.every((id) => backend.spanIds.includes(id));

describe("one connection", () => {
  test("takes one request after the other, however its bytes are cut", async () => {
    const { socket, answer } = await connection();
    for (const pieceBytes of [1_000_000, 1000, 97, 7]) {
      const { protobuf, spanIds } = traceRequest({ spans: 3 });
      const bytes = post(protobuf);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        socket.write(bytes.subarray(at, at + pieceBytes));
        await sleep(0);
      }
      expect(await answer()).toMatchObject({ status: 200, body: "" });
      expect(arrived(spanIds)).toBe(true);
    }
  });

  test("answers requests that were sent without waiting, in their order", async () => {
    const { socket, answer } = await connection();
    const requests = [traceRequest({ spans: 2 }), null, traceRequest({ spans: 40 }), traceRequest({ spans: 1 })];
    socket.write(Buffer.concat(requests.map((request) => post(request?.protobuf ?? Buffer.from("no protobuf")))));
    const statuses = [];
    for (const _ of requests) statuses.push((await answer()).status);
    expect(statuses).toEqual([200, 400, 200, 200]);
    expect(requests.every((request) => request === null || arrived(request.spanIds))).toBe(true);
  });

  test("takes other requests, chunked bodies and bodies in gzip among the plain ones", async () => {
    const { socket, answer } = await connection();
    const requests = [traceRequest({ spans: 2 }), traceRequest({ spans: 2 }), traceRequest({ spans: 2 })];
    const [plain, zipped, chunked] = requests.map(({ protobuf }) => protobuf) as [Buffer, Buffer, Buffer];
    socket.write(Buffer.concat([post(plain), post(gzipSync(zipped), "Content-Encoding: gzip")]));
    expect([(await answer()).status, (await answer()).status]).toEqual([200, 200]);
    socket.write(
      Buffer.concat([
        Buffer.from("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Buffer.from(`${chunked.length.toString(16)}\r\n`),
        chunked,
        Buffer.from("\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
      ]),
    );
    expect((await answer()).status).toBe(200);
    expect(await answer()).toMatchObject({ status: 200, body: expect.stringContaining("ok") });
    expect(requests.every(({ spanIds }) => arrived(spanIds))).toBe(true);
  });

  test("ends after the answer when the sender says so", async () => {
    const made = await connection();
    made.socket.write(post(traceRequest({ spans: 1 }).protobuf, "Connection: close"));
    expect((await made.answer()).status).toBe(200);
    await expect.poll(() => made.closed).toBe(true);
  });

  test("that says it has sent everything still gets its answer", async () => {
    const made = await connection();
    const { protobuf, spanIds } = traceRequest({ spans: 1 });
    made.socket.end(post(protobuf));
    expect([(await made.answer()).status, arrived(spanIds)]).toEqual([200, true]);
    await expect.poll(() => made.closed).toBe(true);
    const cut = await connection();
    cut.socket.end(post(protobuf).subarray(0, -1));
    await expect.poll(() => cut.closed).toBe(true);
    const other = await connection();
    other.socket.end("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    expect((await other.answer()).status).toBe(200);
    await expect.poll(() => other.closed).toBe(true);
  });

  test("goes on after a refusal in the middle of a body", async () => {
    const holder = await connection();
    holder.socket.write(post(Buffer.alloc(ADMITTED_BYTES)).subarray(0, ADMITTED_BYTES - 1000));
    await sleep(100);
    const { socket, answer } = await connection();
    const bytes = post(Buffer.alloc(200_000));
    socket.write(bytes.subarray(0, 100_000));
    const refused = await answer();
    expect([refused.status, /\r\nretry-after: 1\r\n/i.test(refused.head)]).toEqual([429, true]);
    socket.write(bytes.subarray(100_000));
    holder.socket.destroy();
    await sleep(100);
    const { protobuf, spanIds } = traceRequest({ spans: 1 });
    socket.write(post(protobuf));
    expect([(await answer()).status, arrived(spanIds)]).toEqual([200, true]);
  });

  test("times out when its body is late, or nothing comes at all", async () => {
    const [late, silent] = [await connection(), await connection()];
    late.socket.write(post(Buffer.alloc(100)).subarray(0, -1));
    expect([(await late.answer()).status, (await silent.answer()).status]).toEqual([408, 408]);
    await expect.poll(() => [late.closed, silent.closed]).toEqual([true, true]);
  });
});

test("every answer says when and of what type it is", async () => {
  const { socket, answer } = await connection();
  socket.write(post(traceRequest({ spans: 1 }).protobuf));
  const { head } = await answer();
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head).toMatch(/\r\nContent-Type: application\/x-protobuf\r\n/);
  expect(Math.abs(Date.parse(/\r\nDate: (.+)\r\n/.exec(head)?.[1] ?? "") - Date.now())).toBeLessThan(3000);
});

test("a shutdown answers what was begun and ends the rest", async () => {
  const own = await startTestGateway({ FORWARD_OTLP_ENDPOINT: backend.url });
  const before = gateway;
  gateway = own;
  const [idle, busy] = [await connection(), await connection()];
  gateway = before;
  const bytes = post(traceRequest({ spans: 1 }).protobuf);
  idle.socket.write(bytes);
  expect((await idle.answer()).status).toBe(200);
  busy.socket.write(bytes.subarray(0, -1));
  await sleep(50);
  const closed = own.close();
  await expect.poll(() => idle.closed).toBe(true);
  busy.socket.write(bytes.subarray(-1));
  const { status, head } = await busy.answer();
  expect([status, /\r\nConnection: close/i.test(head)]).toEqual([200, true]);
  await closed;
  await expect.poll(() => busy.closed).toBe(true);
});
