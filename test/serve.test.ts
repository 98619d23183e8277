import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { createGatewayProcess, type GatewayProcess } from "./support/gateway-process.ts";
import { mutate } from "./support/mutate.ts";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { traceRequest } from "./support/trace-requests.ts";

const ROOT = resolve(import.meta.dirname, "..");

let database: TestDatabase;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  database = await createDatabase();
  directory = await temporaryDirectory();
});
afterAll(async () => {
  await database.drop();
  await directory.remove();
});

function run(env: Record<string, string>, args: string[] = []): Promise<{ code: number; stdout: string; stderr: string }> {
  const defaults = { PATH: process.env["PATH"] ?? "", HTTP_PORT: "0", GRPC_PORT: "0", DATA_DIR: directory.path, LOG_LEVEL: "silent" };
  return new Promise((done) => {
    execFile(
      process.execPath,
      ["--import", "tsx", "processor/cli.ts", "serve", ...args],
      { cwd: ROOT, env: { ...defaults, ...env }, timeout: 20_000 },
      (error, stdout, stderr) => {
        done({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
      },
    );
  });
}

describe("genai-otel serve ends with one clear message when", () => {
  test("the configuration is wrong", async () => {
    const { code, stderr } = await run({ HTTP_PORT: "http", RETENTION_DAYS: "forever" });
    expect(code).toBe(1);
    expect(stderr).toContain("HTTP_PORT: expected a whole number");
    expect(stderr).toContain("RETENTION_DAYS: expected");
    expect(stderr).not.toContain("    at ");
  });

  test("the port is in use", async () => {
    const server = createServer();
    const port = await new Promise<number>((done) =>
      server.listen(0, "127.0.0.1", () => done((server.address() as { port: number }).port)),
    );
    const { code, stderr } = await run({ HTTP_PORT: String(port), DATABASE_URL: database.url });
    server.close();
    expect(code).toBe(1);
    expect(stderr.trim()).toBe(`genai-otel: HTTP_PORT: port ${port} at 127.0.0.1 is in use by another process`);
  });

  test("the database refuses the user or is not there by that name", async () => {
    const url = new URL(database.url);
    url.pathname = "/no_such_database";
    const { code, stderr } = await run({ DATABASE_URL: url.href });
    expect(code).toBe(1);
    expect(stderr).toContain(`DATABASE_URL: PostgreSQL at ${url.host}/no_such_database cannot be used`);
    expect(stderr).not.toContain(url.password);
  });

  test("another gateway uses the spool", async () => {
    const first = await createGatewayProcess({ env: { DATABASE_URL: database.url, DATA_DIR: directory.path } });
    await first.start();
    const { code, stderr } = await run({ DATABASE_URL: database.url });
    await first.stop();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^genai-otel: SPOOL_DIR: .* is in use by another genai-otel/);
  });
});

describe("genai-otel serve with two workers", () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await createGatewayProcess({ env: { DATABASE_URL: database.url, DATA_DIR: directory.path, WORKERS: "2" } });
    await gateway.start();
  });
  afterAll(() => gateway.kill());

  test("says where it listens, where spans go, and how to point an app at it", async () => {
    // The log says "ready" on stderr; what is printed on stdout may arrive a moment later.
    await expect.poll(() => gateway.output()).toContain("--import genai-otel/register app.js");
    expect(gateway.output()).toContain(`OTLP/HTTP    ${gateway.url}/v1/traces`);
    expect(gateway.output()).toContain(`spans go to  PostgreSQL at ${new URL(database.url).host}`);
    expect(gateway.output()).toContain(`OTEL_EXPORTER_OTLP_ENDPOINT=${gateway.url}`);
    expect(gateway.output()).not.toContain(new URL(database.url).password);
  });

  test("answers health and metrics over both, whichever is asked", async () => {
    // A connection each; beyond the first few of one address they are spread. Those that end with their answer go to Node's server.
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        fetch(`${gateway.url}/v1/traces`, {
          method: "POST",
          headers: { "content-type": "application/x-protobuf", connection: index % 2 === 0 ? "close" : "keep-alive" },
          body: traceRequest({ spans: 10 }).protobuf,
        }),
      ),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    for (let round = 0; round < 4; round += 1) {
      const metrics = await (await fetch(`${gateway.url}/metrics`, { headers: { connection: "close" } })).text();
      expect(metrics).toMatch(/^genai_otel_spans_received_total\{transport="http\/protobuf"\} 200$/m);
      expect(metrics).toMatch(/^genai_otel_sink_up\{sink="postgres"\} 1$/m);
      expect(await (await fetch(`${gateway.url}/readyz`)).json()).toMatchObject({
        status: "ready",
        workers: 2,
        sinks: [{ name: "postgres", up: true }],
      });
    }
  });

  test("ends by itself on SIGTERM", async () => {
    expect(await gateway.stop()).toBe(0);
  });
});

test("a worker whose start fails is started until it succeeds", async () => {
  const tokens = join(directory.path, "tokens");
  await writeFile(tokens, "a-token-of-eight\n");
  const gateway = await createGatewayProcess({
    env: { DATABASE_URL: database.url, DATA_DIR: directory.path, WORKERS: "2", INGEST_TOKENS_FILE: tokens },
  });
  await gateway.start();
  try {
    const [worker = 0] = await gateway.workers();
    await rm(tokens);
    process.kill(worker, "SIGKILL");
    await expect.poll(() => gateway.output(), { timeout: 15_000 }).toContain("a worker could not be started again");
    await writeFile(tokens, "a-token-of-eight\n");
    const workers = async (): Promise<unknown> => (await fetch(`${gateway.url}/readyz`, { headers: { connection: "close" } })).json();
    await expect.poll(workers, { timeout: 15_000 }).toMatchObject({ workers: 2 });
  } finally {
    await gateway.kill();
  }
});

test("SIGTERM while a backend does not answer: it ends within its deadline, and what it had not confirmed is not confirmed", async () => {
  const open = new Set<Socket>();
  const silent = createServer((socket) => void open.add(socket));
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const { port } = silent.address() as { port: number };
  const gateway = await createGatewayProcess({
    env: {
      FORWARD_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      FORWARD_OTLP_TIMEOUT: "60s",
      SINK_SLOW: "60s",
      SPOOL_BYTES_MAX: "0",
      SHUTDOWN_TIMEOUT: "2s",
      DATA_DIR: directory.path,
    },
  });
  await gateway.start();
  try {
    const headers = { "content-type": "application/x-protobuf" };
    const answered = fetch(`${gateway.url}/v1/traces`, { method: "POST", headers, body: traceRequest({ spans: 1 }).protobuf }).then(
      ({ status }) => status,
      () => "cut off",
    );
    await expect.poll(() => open.size, { timeout: 5000 }).toBeGreaterThan(0);
    const beganMs = performance.now();
    await gateway.stop();
    expect(performance.now() - beganMs).toBeLessThan(8000);
    expect(await answered).not.toBe(200);
  } finally {
    await gateway.kill();
    for (const socket of open) socket.destroy();
    silent.close();
  }
});

test("no text of people or models is in the log, at any level, whatever happens to it", async () => {
  const gateway = await createGatewayProcess({
    env: {
      DATABASE_URL: database.url,
      FORWARD_OTLP_ENDPOINT: "http://127.0.0.1:9",
      FORWARD_OTLP_TIMEOUT: "300ms",
      SINK_SLOW: "300ms",
      DATA_DIR: directory.path,
      LOG_LEVEL: "debug",
    },
  });
  await gateway.start();
  try {
    const { protobuf, json } = traceRequest({ spans: 10, promptChars: 300, failedEvery: 2 });
    const post = async (body: Uint8Array | string, type: string): Promise<void> => {
      await (await fetch(`${gateway.url}/v1/traces`, { method: "POST", headers: { "content-type": type }, body })).arrayBuffer();
    };
    expect(protobuf.includes("secret secret")).toBe(true);
    await post(protobuf, "application/x-protobuf");
    await post(json, "application/json");
    await post(protobuf.subarray(0, protobuf.length - 40), "application/x-protobuf");
    await post(json.subarray(0, json.length - 40), "application/json");
    await post(json.toString().replaceAll('"name"', '"secret secret"'), "application/json");
    await post(json, "application/x-protobuf");
    for (let seed = 0; seed < 100; seed += 1) await post(mutate(protobuf, seed), "application/x-protobuf");
    await expect.poll(() => gateway.output()).toContain("a sink is away");
    expect(gateway.output()).not.toContain("secret secret");
    await gateway.stop();
    expect(gateway.output()).not.toContain("secret secret");
  } finally {
    await gateway.kill();
  }
});
