import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../processor/storage/embedded-postgres.ts";
import { expectStoredExactly } from "../support/expect-stored.ts";
import { createGatewayProcess, freePort, type GatewayProcess } from "../support/gateway-process.ts";
import { startLoad, type Load } from "../support/load.ts";
import { startOtlpBackend } from "../support/otlp-backend.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

// PostgreSQL and the backend go away for as long as it takes: a server of this test's own, that keeps what it has written.

const MIB = 1024 * 1024;
const OUTAGE_MS = 60_000;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let port: number;
let server: EmbeddedPostgres;
let gateway: GatewayProcess;

const startServer = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ dataDir: `${directory.path}/postgres`, port });

beforeEach(async () => {
  directory = await temporaryDirectory();
  port = await freePort();
  server = await startServer();
});
afterEach(async () => {
  await gateway.kill();
  await server.close();
  await directory.remove();
});

async function startGateway(env: Record<string, string> = {}): Promise<void> {
  gateway = await createGatewayProcess({
    env: { DATABASE_URL: server.url, DATA_DIR: `${directory.path}/gateway`, SINK_SLOW: "2s", ...env },
  });
  await gateway.start();
}

async function expectEverythingStored(load: Load): Promise<void> {
  await load.finish(120_000);
  await expect
    .poll(async () => (await fetch(`${gateway.url}/readyz`)).json(), { timeout: 120_000, interval: 500 })
    .toMatchObject({ status: "ready", sinks: [{ up: true, spoolBytes: 0 }] });
  const pool = new pg.Pool({ connectionString: server.url });
  try {
    await expectStoredExactly(pool, load.acknowledged);
  } finally {
    await pool.end();
  }
}

test("PostgreSQL is stopped for a minute under load: everything is taken, and stored when it is back", async () => {
  await startGateway();
  const load = startLoad({ url: gateway.url, connections: 6, spans: 50, plainEvery: 4, pauseMs: 20 });
  await sleep(3000);
  await server.close();
  const before = load.acknowledged.size;
  await sleep(OUTAGE_MS);
  expect(load.acknowledged.size).toBeGreaterThan(before + 1000);
  server = await startServer();
  await sleep(3000);
  await expectEverythingStored(load);
  expect(await gateway.residentBytes()).toBeLessThan(350 * MIB);
});

test("PostgreSQL is restarted again and again under load, and killed in the middle of COPY", async () => {
  await startGateway();
  const load = startLoad({ url: gateway.url, connections: 8, spans: 100, plainEvery: 4 });
  for (let round = 0; round < 6; round += 1) {
    await sleep(2000);
    if (round % 2 === 0) await server.close();
    else await killServer(server.url);
    server = round % 2 === 0 ? await startServer() : await restartKilled();
  }
  await sleep(2000);
  await expectEverythingStored(load);
});

test("the gateway is killed while PostgreSQL is away: what it acknowledged is in its spool", async () => {
  await startGateway();
  const load = startLoad({ url: gateway.url, connections: 6, spans: 50, pauseMs: 10 });
  await sleep(1500);
  await server.close();
  for (let round = 0; round < 4; round += 1) {
    await sleep(2500);
    await gateway.kill();
    await gateway.start();
    expect(gateway.output()).toContain("cannot be reached");
  }
  server = await startServer();
  await expectEverythingStored(load);
});

test("a gateway that starts before its database takes spans, and makes the schema when it comes", async () => {
  const client = new pg.Client({ connectionString: server.url });
  // The server goes away before it has noticed that this client has.
  client.on("error", () => undefined);
  await client.connect();
  await client.query("drop schema if exists genai cascade");
  await client.end();
  const { url } = server;
  await server.close();
  gateway = await createGatewayProcess({ env: { DATABASE_URL: url, DATA_DIR: `${directory.path}/gateway` } });
  await gateway.start();
  const load = startLoad({ url: gateway.url, connections: 2, spans: 10, pauseMs: 50 });
  await sleep(2000);
  server = await startServer();
  await expectEverythingStored(load);
});

test("the spool is full before PostgreSQL is back: senders are told to wait, and nothing is lost", async () => {
  await startGateway({ SPOOL_BYTES_MAX: "4MB" });
  const load = startLoad({ url: gateway.url, connections: 8, spans: 100, promptChars: 500 });
  await sleep(1000);
  await server.close();
  await expect.poll(() => load.answers.get("503") ?? 0, { timeout: 30_000 }).toBeGreaterThan(20);
  await sleep(5000);
  server = await startServer();
  await expectEverythingStored(load);
});

test("the disk of the spool is full: the same", async () => {
  const spool = `${directory.path}/spool`;
  await mkdir(spool);
  gateway = await createGatewayProcess({
    ...(await smallDisk(spool)),
    env: { DATABASE_URL: server.url, DATA_DIR: `${directory.path}/gateway`, SPOOL_DIR: spool, SINK_SLOW: "2s" },
  });
  await gateway.start();
  const load = startLoad({ url: gateway.url, connections: 4, spans: 100, promptChars: 500, pauseMs: 20 });
  await sleep(1000);
  await server.close();
  await expect.poll(() => load.answers.get("503") ?? 0, { timeout: 60_000 }).toBeGreaterThan(10);
  server = await startServer();
  await expectEverythingStored(load);
  expect(gateway.output()).toMatch(/(ENOSPC|EFBIG).*the spool takes no more/);
});

/**
 * How to start a gateway whose spool is on a disk of 2 MB: a tmpfs of its own, as root or in a user namespace. Where the system
 * allows neither, its files cannot grow beyond 1 MB (ulimit -f counts 512 bytes in sh), so that write() fails with EFBIG instead
 * of ENOSPC; the signal is ignored.
 */
async function smallDisk(path: string): Promise<{ prelude: string; launcher?: readonly string[] }> {
  const mount = `mount -t tmpfs -o size=2m tmpfs '${path}'`;
  for (const launcher of [
    ["unshare", "--mount"],
    ["unshare", "--mount", "--user", "--map-root-user"],
  ]) {
    const [program = "", ...args] = launcher;
    const probe = spawnSync(program, [...args, "/bin/sh", "-c", mount], { stdio: "ignore" });
    if (probe.status === 0) return { prelude: mount, launcher };
  }
  return { prelude: "trap '' XFSZ; ulimit -f 2048" };
}

test("an OTLP backend goes away under load and comes back, with kills of the gateway in between: rows and deliveries are complete", async () => {
  const backend = await startOtlpBackend();
  try {
    await startGateway({ FORWARD_OTLP_ENDPOINT: backend.url });
    const load = startLoad({ url: gateway.url, connections: 6, spans: 50, pauseMs: 10 });
    await sleep(1500);
    await backend.goAway();
    await sleep(5000);
    await gateway.kill();
    await gateway.start();
    await sleep(5000);
    await backend.comeBack();
    await sleep(3000);
    await load.finish();
    await expect
      .poll(async () => (await fetch(`${gateway.url}/readyz`)).json(), { timeout: 60_000, interval: 500 })
      .toMatchObject({
        sinks: [
          { up: true, spoolBytes: 0 },
          { up: true, spoolBytes: 0 },
        ],
      });
    const delivered = new Set(backend.spanIds);
    expect([...load.acknowledged].filter((id) => !delivered.has(id))).toEqual([]);
    const pool = new pg.Pool({ connectionString: server.url });
    await expectStoredExactly(pool, load.acknowledged);
    await pool.end();
  } finally {
    await backend.close();
  }
});

/** SIGQUIT to every backend of the server: what the kernel's OOM killer leaves behind. */
async function killServer(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pid from pg_stat_activity where application_name = 'genai-otel'");
  for (const { pid } of rows) process.kill(pid, "SIGKILL");
  await client.end().catch(() => undefined);
}

/** The postmaster restarts its children by itself. */
async function restartKilled(): Promise<EmbeddedPostgres> {
  await sleep(1500);
  return server;
}
