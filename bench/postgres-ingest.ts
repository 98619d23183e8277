/**
 * Rows per second into PostgreSQL: requests as the gateway reads, enriches and stores them (unique key and two more indexes,
 * exactly once, rollups), without the network before it, against the server's own COPY of the same rows from files into the
 * same tables with the same indexes, which is the limit of any client. Interleaved rounds on one machine: compare the ratio,
 * not the figures.
 *
 *   npx tsx bench/postgres-ingest.ts [rows] [rounds]
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import { createTraceMemory } from "../processor/core/trace-memory.ts";
import { scanTraces } from "../processor/otlp/scan-traces.ts";
import { mergeBatches } from "../processor/sinks/batch.ts";
import { SPAN_COLUMN_LIST, TRACE_COLUMN_LIST } from "../processor/sinks/copy-row.ts";
import { postgresSink } from "../processor/sinks/postgres.ts";
import { startEmbeddedPostgres } from "../processor/storage/embedded-postgres.ts";
import { migrate } from "../processor/storage/migrate.ts";
import { corpusRequest } from "./otlp-corpus.ts";
import { sessionsCpuMicrosOf } from "./process-usage.ts";

const ROWS = Number(process.argv[2] ?? 200_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const REQUEST_SPANS = 100;
const BATCH_REQUESTS = 50;
const CONNECTIONS = 2;
const LIMIT = "COPY FROM file, 1 session";

interface Measured {
  readonly rowsPerSecond: number;
  /** Of this process, user and system. */
  readonly cpuMicrosPerRow: number;
  /** Of the sessions that it opened, which does not depend on what else the machine does. */
  readonly serverMicrosPerRow: number;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "genai-otel-bench-"));
  // The server, which is another user where this one is root, writes files there.
  chmodSync(folder, 0o777);
  const server = await startEmbeddedPostgres({ dataDir: join(folder, "data"), settings: { max_wal_size: "4GB", shared_buffers: "512MB" } });
  const admin = new pg.Client({ connectionString: server.url });
  try {
    await admin.connect();
    await migrate(admin);
    await compare(admin, server.url, folder);
  } finally {
    await admin.end();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(admin: pg.Client, url: string, folder: string): Promise<void> {
  const requests = makeRequests();
  await writeThroughSink(url, requests, CONNECTIONS);
  const rows = await countRows(admin);
  const files = await writeCopyFiles(admin, folder);
  const runs: Record<string, () => Promise<void>> = {
    "requests, 2 connections": () => writeThroughSink(url, requests, CONNECTIONS),
    "requests, 1 connection": () => writeThroughSink(url, requests, 1),
    [LIMIT]: () => copyFiles(url, files, 1),
    "COPY FROM file, 2 sessions": () => copyFiles(url, files, CONNECTIONS),
  };
  const measured = new Map<string, Measured[]>(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      await admin.query(
        "truncate genai.llm_traces, genai.spans, genai.rollup_minute, genai.rollup_hour, genai.rollup_day, genai.histogram_minute, genai.histogram_hour, genai.histogram_day, genai.user_hour, genai.user_day",
      );
      await admin.query("checkpoint");
      const result = await measure(run, rows, () => sessionsCpuMicros(folder));
      if ((await countRows(admin)) !== rows) throw new Error(`${name} did not store every row`);
      // The first round warms up: pages, plans, compiled code.
      if (round > 0) measured.get(name)?.push(result);
    }
  }
  report(measured, rows);
}

/** Every one is of other traces. */
function makeRequests(): Uint8Array[] {
  const times = { epochMs: Date.now() - 600_000, spreadMs: 10_000 };
  return Array.from({ length: ROWS / REQUEST_SPANS }, (_, seed) => {
    return corpusRequest({ spans: REQUEST_SPANS, content: false, seed: seed + 1, ...times }).body;
  });
}

async function countRows(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query<{ n: string }>(
    "select (select count(*) from genai.llm_traces) + (select count(*) from genai.spans) as n",
  );
  return Number(rows[0]?.n);
}

interface CopyFile {
  readonly into: string;
  readonly path: string;
}

/** What the tables hold, one file for each, as the server itself writes it. */
async function writeCopyFiles(admin: pg.Client, folder: string): Promise<CopyFile[]> {
  const tables = { llm_traces: TRACE_COLUMN_LIST, spans: SPAN_COLUMN_LIST };
  const files = Object.entries(tables).map(([name, columns]) => ({
    into: `genai.${name} (${columns})`,
    path: join(folder, `${name}.bin`),
  }));
  for (const { into, path } of files) {
    const [table = "", columns = ""] = into.split(/ (.*)/);
    await admin.query(`copy (select ${columns.slice(1, -1)} from ${table}) to '${path}' (format binary)`);
  }
  return files;
}

async function writeThroughSink(url: string, requests: readonly Uint8Array[], connections: number): Promise<void> {
  const sink = postgresSink({ url, connections });
  const memory = createTraceMemory({ tracesMax: 50_000, spansPerTraceMax: 2_000, spansMax: 50_000, ageMsMax: 600_000 });
  const context = { prices: DEFAULT_PRICE_BOOK, memory };
  let next = 0;
  const write = async (): Promise<void> => {
    while (next < requests.length) {
      const taken = requests.slice(next, (next += BATCH_REQUESTS));
      await sink.write(mergeBatches(taken.map((body) => scanTraces(body, { context, writesBytes: false }).batch)));
    }
  };
  // One batch is made while the others are on their way.
  await Promise.all(Array.from({ length: connections + 1 }, write));
  await sink.close();
}

async function copyFiles(url: string, files: readonly CopyFile[], sessions: number): Promise<void> {
  let next = 0;
  const copy = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      await client.query(`copy ${file.into} from '${file.path}' (format binary)`);
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: sessions }, copy));
}

async function measure(run: () => Promise<void>, rows: number, serverMicros: () => number): Promise<Measured> {
  const serverBefore = serverMicros();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await run();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await sleep(SESSION_END_MS);
  const serverMicrosPerRow = (serverMicros() - serverBefore) / rows;
  return { rowsPerSecond: rows / seconds, cpuMicrosPerRow: (user + system) / rows, serverMicrosPerRow };
}

/** The postmaster has waited for the sessions that ended by then. */
const SESSION_END_MS = 300;

/** Processor time of all sessions that have ended. */
function sessionsCpuMicros(folder: string): number {
  return sessionsCpuMicrosOf(Number(readFileSync(join(folder, "data", "cluster", "postmaster.pid"), "utf8").split("\n")[0]));
}

function report(measured: ReadonlyMap<string, readonly Measured[]>, rows: number): void {
  const limit = median((measured.get(LIMIT) ?? []).map(({ rowsPerSecond }) => rowsPerSecond));
  console.log(`${rows} rows in batches of ${BATCH_REQUESTS} requests, 3 indexes, median of ${ROUNDS} interleaved rounds\n`);
  console.log(
    `${"".padEnd(28)}${"rows/s".padStart(10)}${"of COPY FROM file".padStart(20)}${"own CPU us/row".padStart(17)}${"server CPU us/row".padStart(20)}`,
  );
  for (const [name, results] of measured) {
    const perSecond = median(results.map(({ rowsPerSecond }) => rowsPerSecond));
    const cpu = median(results.map(({ cpuMicrosPerRow }) => cpuMicrosPerRow));
    const server = median(results.map(({ serverMicrosPerRow }) => serverMicrosPerRow));
    console.log(
      `${name.padEnd(28)}${Math.round(perSecond).toString().padStart(10)}${(perSecond / limit).toFixed(2).padStart(20)}${cpu.toFixed(2).padStart(17)}${server.toFixed(2).padStart(20)}`,
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

await main();
