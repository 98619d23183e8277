import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { assertRollupsMatchRows } from "./support/assert-rollups.ts";
import { mutate } from "./support/mutate.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { expectStoredExactly } from "./support/expect-stored.ts";
import { createGatewayProcess, type GatewayProcess } from "./support/gateway-process.ts";
import { startLoad } from "./support/load.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { poisonedRequest, traceRequest } from "./support/trace-requests.ts";

// The short forms of the faults, on a real process and a real database; test/faults has the long ones.

const MIB = 1024 * 1024;
/** Kills and restarts take their time on a machine that is busy with other tests. */
const LONG = { timeout: 120_000 };
const PROTOBUF = { "content-type": "application/x-protobuf" };

let database: TestDatabase;
let gateway: GatewayProcess;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  directory = await temporaryDirectory();
  database = await createDatabase();
  gateway = await createGatewayProcess({ env: { DATABASE_URL: database.url, DATA_DIR: directory.path, REQUEST_TIMEOUT: "2s" } });
  await gateway.start();
});
afterAll(async () => {
  await gateway.kill();
  await database.drop();
  await directory.remove();
});

let acknowledged: Set<string>;
beforeEach(async () => {
  acknowledged = new Set();
  await emptyDatabase();
});
/** Whatever happened, the rows are those that were acknowledged, and counted, once what waited in the spool is stored. */
afterEach(async () => {
  await expect.poll(readiness, { timeout: 30_000, interval: 100 }).toMatchObject({ status: "ready", sinks: [{ up: true, spoolBytes: 0 }] });
  await expectStoredExactly(database.pool, acknowledged);
}, 60_000);

async function post(body: Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/traces`, { method: "POST", headers: { ...PROTOBUF, ...headers }, body });
  await response.arrayBuffer();
  return response.status;
}

async function postAcknowledged(options: Parameters<typeof traceRequest>[0]): Promise<void> {
  const { protobuf, spanIds } = traceRequest(options);
  expect(await post(protobuf)).toBe(200);
  for (const id of spanIds) acknowledged.add(id);
}

describe("nothing is lost and nothing doubled when", () => {
  test("the gateway is killed under load and started again", LONG, async () => {
    const load = startLoad({ url: gateway.url, connections: 8, spans: 40, plainEvery: 4 });
    for (let round = 0; round < 3; round += 1) {
      await sleep(600);
      await gateway.kill();
      await gateway.start();
    }
    await load.finish();
    expect(load.answers.get("failed")).toBeGreaterThan(0);
    acknowledged = new Set(load.acknowledged);
  });

  test("many requests share memory: each span's row is its own", LONG, async () => {
    const load = startLoad({ url: gateway.url, connections: 24, spans: 30, plainEvery: 3, signed: true });
    await sleep(2500);
    await load.finish();
    acknowledged = new Set(load.acknowledged);
    const { rows } = await database.pool.query(
      `select span_id, attributes from genai.llm_traces where user_id is distinct from span_id or attributes->>'user.id' is distinct from span_id
       union all select span_id, attributes from genai.spans where attributes->>'user.id' is distinct from span_id limit 3`,
    );
    expect(rows).toEqual([]);
    expect(load.acknowledged.size).toBeGreaterThan(1000);
  });

  test("it is asked to stop under load: what it took is stored, and it ends by itself", LONG, async () => {
    const load = startLoad({ url: gateway.url, connections: 8, spans: 40 });
    await sleep(500);
    expect(await gateway.stop()).toBe(0);
    await gateway.start();
    await load.finish();
    acknowledged = new Set(load.acknowledged);
  });

  test("the same batch is sent five times from two connections", async () => {
    const { protobuf, spanIds } = traceRequest({ spans: 100, plainEvery: 5 });
    expect(await Promise.all([post(protobuf), post(protobuf)])).toEqual([200, 200]);
    expect(await Promise.all([post(protobuf), post(protobuf), post(protobuf)])).toEqual([200, 200, 200]);
    acknowledged = new Set(spanIds);
  });

  test("the server ends the gateway's sessions in the middle of COPY", LONG, async () => {
    const load = startLoad({ url: gateway.url, connections: 8, spans: 200 });
    const ended = { sessions: 0 };
    for (let round = 0; round < 200 && (round < 15 || ended.sessions < 5); round += 1) {
      await sleep(60);
      const { rowCount } = await database.pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'genai-otel' and (state = 'active' or random() < 0.3)",
      );
      ended.sessions += rowCount ?? 0;
    }
    await load.finish();
    expect(ended.sessions).toBeGreaterThan(3);
    acknowledged = new Set(load.acknowledged);
  });

  test("connections are cut in the middle of their bodies", LONG, async () => {
    const before = await gateway.residentBytes();
    const { port } = new URL(gateway.url);
    const { protobuf } = traceRequest({ spans: 200, promptChars: 2000 });
    const zipped = gzipSync(protobuf);
    const cut = (head: string, body: Buffer, share: number): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), "127.0.0.1", () => {
          socket.write(`POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n${head}\r\n\r\n`);
          socket.write(body.subarray(0, Math.floor(body.length * share)), () =>
            share > 0.5 ? socket.resetAndDestroy() : socket.destroy(),
          );
        });
        socket.on("error", () => undefined);
        socket.on("close", () => resolve());
      });
    for (let round = 0; round < 60; round += 1) {
      const share = (round % 10) / 10;
      await Promise.all([
        cut(`Content-Length: ${protobuf.length}`, protobuf, share),
        cut(`Content-Encoding: gzip\r\nContent-Length: ${zipped.length}`, zipped, share),
        cut("Transfer-Encoding: chunked", Buffer.concat([Buffer.from(`${protobuf.length.toString(16)}\r\n`), protobuf]), share),
      ]);
      if (round % 10 === 0) await postAcknowledged({ spans: 10 });
    }
    expect(gateway.output()).not.toContain("failed unexpectedly");
    expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
  });

  test("one span in 500 is poisonous in every way that a client can think of", async () => {
    const { poisoned, spanIds } = poisonedRequest();
    expect(await post(poisoned)).toBe(200);
    acknowledged = new Set(spanIds);
  });

  test("clocks are years off", async () => {
    const year = 365 * 86_400_000;
    for (const offset of [-9 * year, -year, -40 * 86_400_000, year, 20 * year])
      await postAcknowledged({ spans: 20, plainEvery: 4, startMs: Date.now() + offset });
  });

  test("1,000 bodies are mutated", LONG, async () => {
    const before = await gateway.residentBytes();
    const { protobuf, json } = traceRequest({ spans: 3 });
    const statuses = new Map<number, number>();
    for (let seed = 0; seed < 1000; seed += 1) {
      const [body, type] = seed % 2 === 0 ? [protobuf, "application/x-protobuf"] : [json, "application/json"];
      const status = await post(mutate(body, seed), { "content-type": type });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([200, 400]);
    // A mutation may leave a request that is valid, with another id or time: which spans are there nobody knows beforehand.
    await assertRollupsMatchRows(database.pool);
    await emptyDatabase();
    expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
  });
});

describe("memory stays where it was when", () => {
  test("a gigabyte of zeros comes as a gzip bomb, honest, lying, or in members", async () => {
    const member = gzipSync(Buffer.alloc(64 * MIB));
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member));
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(1000, lying.length - 4);
    const before = await gateway.residentBytes();
    const statuses = await Promise.all([bomb, lying, bomb, lying].map((body) => post(body, { "content-encoding": "gzip" })));
    expect(statuses).toEqual([413, 413, 413, 413].map((status, index) => (statuses[index] === 429 ? 429 : status)));
    expect(statuses).toContain(413);
    expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
    await postAcknowledged({ spans: 10 });
  });

  test("messages over gRPC inflate to almost as much as is allowed, sixty at a time, and to a gigabyte", async () => {
    const before = await gateway.residentBytes();
    const zeros = gzipSync(Buffer.alloc(19 * MIB));
    const member = gzipSync(Buffer.alloc(64 * MIB));
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member));
    const codes = await exportCompressed(gateway.grpcPort, [...Array.from({ length: 60 }, () => zeros), bomb, bomb]);
    // Refused as no request, or for the memory of all together.
    expect(codes.filter((code) => code !== "3" && code !== "8")).toEqual([]);
    expect((await gateway.residentBytes()) - before).toBeLessThan(200 * MIB);
    await postAcknowledged({ spans: 10 });
  });

  test("more is sent than may be held: senders are asked to come again, and get through", LONG, async () => {
    const before = await gateway.residentBytes();
    // Whoever is refused last leaves room for no more than one of these, which is less than what is sent below.
    const bytes = MIB / 2;
    const head = `POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${bytes}\r\n\r\n`;
    const sockets = Array.from({ length: 240 }, () => connect(Number(new URL(gateway.url).port), "127.0.0.1"));
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.resume();
      socket.write(head);
      socket.write(Buffer.alloc(bytes - 1));
    }
    const { protobuf } = traceRequest({ spans: 500, promptChars: 2000 });
    expect(protobuf.length).toBeGreaterThan(bytes);
    const refusal = { status: 0, retryAfter: "" };
    const send = async (): Promise<number> => {
      const response = await fetch(`${gateway.url}/v1/traces`, { method: "POST", headers: PROTOBUF, body: protobuf });
      await response.arrayBuffer();
      if (response.status === 429) Object.assign(refusal, { status: 429, retryAfter: response.headers.get("retry-after") });
      return response.status;
    };
    for (let tries = 0; refusal.status !== 429 && tries < 40; tries += 1) {
      if ((await send()) === 200) await emptyDatabase();
      await sleep(20);
    }
    expect(refusal).toEqual({ status: 429, retryAfter: "1" });
    expect((await gateway.residentBytes()) - before).toBeLessThan(150 * MIB);
    // The bodies that never became whole are given up, and there is room again.
    await expect.poll(send, { timeout: 20_000, interval: 200 }).toBe(200);
    await emptyDatabase();
    for (const socket of sockets) socket.destroy();
    await postAcknowledged({ spans: 10 });
  });

  test("1,000 connections send slowly; the others are served meanwhile, and the slow ones are ended", async () => {
    const before = await gateway.residentBytes();
    const { port } = new URL(gateway.url);
    const ended = { count: 0 };
    const sockets: Socket[] = [];
    for (let index = 0; index < 1000; index += 1) {
      const socket = connect(Number(port), "127.0.0.1", () =>
        socket.write("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 20000000\r\n\r\n"),
      );
      socket.on("error", () => undefined);
      socket.on("close", () => (ended.count += 1));
      socket.resume();
      sockets.push(socket);
    }
    for (let round = 0; round < 3; round += 1) {
      await sleep(200);
      for (const socket of sockets) socket.write("x");
    }
    await postAcknowledged({ spans: 10 });
    expect((await gateway.residentBytes()) - before).toBeLessThan(100 * MIB);
    await expect.poll(() => ended.count, { timeout: 8000 }).toBe(1000);
  });
});

/** gRPC's status for each of these messages, in gzip, all at a time on one connection. */
async function exportCompressed(port: number, messages: readonly Buffer[]): Promise<string[]> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const headers = {
    ":method": "POST",
    ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "content-type": "application/grpc",
  };
  try {
    return await Promise.all(
      messages.map((message) => {
        const prefix = Buffer.from([1, 0, 0, 0, 0]);
        prefix.writeUInt32BE(message.length, 1);
        const stream = session.request({ ...headers, "grpc-encoding": "gzip" });
        return new Promise<string>((resolve, reject) => {
          stream.on("response", (head) => resolve(String(head["grpc-status"])));
          stream.on("error", reject);
          stream.resume();
          stream.end(Buffer.concat([prefix, message]));
        });
      }),
    );
  } finally {
    session.destroy();
  }
}

async function readiness(): Promise<unknown> {
  return (await fetch(`${gateway.url}/readyz`)).json();
}

async function emptyDatabase(): Promise<void> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relnamespace = 'genai'::regnamespace and relkind in ('r', 'p') and not relispartition
     and relname ~ '^(llm_traces|spans|rollup_|histogram_|user_|held_)'`,
  );
  await database.pool.query(`truncate ${rows.map(({ name }) => name).join(", ")}`);
}
