import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DataFolderInUseError, findEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";

let dataDir: string;
const open: EmbeddedPostgres[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "genai-otel-embedded-"));
  await chmod(dataDir, 0o755);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, durable: false });
  open.push(server);
  return server;
}

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Process ids of everything that runs on this data folder. */
async function processes(): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((pid, i) => pid !== process.pid && commands[i]?.includes(join(dataDir, "cluster")));
}

/** Another process that owns the server, until it is killed. */
async function startOwner(): Promise<{ owner: ChildProcess; url: string }> {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, "embedded-postgres.ts"))};
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
    console.log(server.url);
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [chunk] = (await once(owner.stdout, "data")) as [Buffer];
  return { owner, url: chunk.toString().trim() };
}

/** The server's processes end one another: what was listed may be gone. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function kill(owner: ChildProcess): Promise<void> {
  owner.kill("SIGKILL");
  await once(owner, "exit");
}

test("data survives a restart, nothing of the server is left after close, and only we know the password", async () => {
  const first = await start();
  expect(await query(first.url, "show server_encoding")).toEqual([{ server_encoding: "UTF8" }]);
  expect(
    await query(first.url, "show lc_collate").catch(() =>
      query(first.url, "select datcollate as lc_collate from pg_database where datname = current_database()"),
    ),
  ).toEqual([{ lc_collate: "C" }]);
  await query(first.url, "create table kept as select 42 as answer");
  expect(await query(first.url, "show listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
  await expect(query(first.url.replace(/:[^:@]*@/, ":wrong@"), "select 1")).rejects.toThrow("password authentication failed");
  expect((await stat(join(dataDir, "cluster", "genai-otel-password"))).mode & 0o777).toBe(0o600);
  await first.close();
  expect(await processes()).toEqual([]);
  await first.close();
  const second = await start();
  expect(await query(second.url, "select answer from kept")).toEqual([{ answer: 42 }]);
});

test("two starts at once give one server and one clear error", async () => {
  const results = await Promise.allSettled([start(), start(), start()]);
  expect(results.filter(({ status }) => status === "fulfilled").length).toBe(1);
  for (const result of results) {
    if (result.status === "rejected") expect(result.reason).toBeInstanceOf(DataFolderInUseError);
  }
  const found = await findEmbeddedPostgres({ dataDir });
  expect(await query(found?.url ?? "", "select answer from kept")).toEqual([{ answer: 42 }]);
});

test("an owner that is killed takes its server along, and the next start works at once", async () => {
  const { owner, url } = await startOwner();
  await expect(start()).rejects.toThrow(/in use by another genai-otel/);
  await query(url, "create table if not exists under_kill (n integer)");
  await kill(owner);
  const next = await start();
  expect(await query(next.url, "select count(*)::int as n from under_kill")).toEqual([{ n: 0 }]);
});

test("owner and server killed: the stale postmaster.pid is no obstacle", async () => {
  const { owner } = await startOwner();
  const pids = await processes();
  for (const pid of [...pids].reverse()) killIfThere(pid);
  await kill(owner);
  for (let waited = 0; (await processes()).length > 0 && waited < 100; waited += 1) await sleep(50);
  const next = await start();
  expect(await query(next.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  await next.close();
  expect(await processes()).toEqual([]);
});

test.runIf(process.getuid?.() === 0)(
  "a data folder that PostgreSQL's account may not enter: its cluster lives elsewhere, and goes when the folder went",
  async () => {
    const inTmp = async (): Promise<string[]> => (await readdir("/var/tmp")).filter((name) => name.startsWith("genai-otel-"));
    const closed = await mkdtemp(join(tmpdir(), "genai-otel-closed-"));
    const before = await inTmp();
    const server = await startEmbeddedPostgres({ dataDir: closed, durable: false });
    expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    const [home] = (await inTmp()).filter((name) => !before.includes(name));
    await server.close();
    await rm(closed, { recursive: true });
    const another = await mkdtemp(join(tmpdir(), "genai-otel-closed-"));
    await (await startEmbeddedPostgres({ dataDir: another, durable: false })).close();
    expect(await inTmp()).not.toContain(home);
    await rm(another, { recursive: true });
  },
);

test("a folder that cannot be used: the end of the server's log says why", async () => {
  await (await start()).close();
  open.length = 0;
  await expect(startEmbeddedPostgres({ dataDir, settings: { shared_buffers: "nonsense" } })).rejects.toThrow(/shared_buffers/);
});
