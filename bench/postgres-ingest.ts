/**
 * Rows per second into PostgreSQL: the gateway's sink (unique key and two more indexes, exactly once, rollups) against the
 * server's own COPY of the same rows from a file into the same table with the same indexes, which is the limit of any client.
 * Interleaved rounds on one machine: compare the ratio, not the figures.
 *
 *   npx tsx bench/postgres-ingest.ts [rows] [rounds]
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { COPY_HEADER, COPY_TRAILER } from "../processor/sinks/copy-buffer.ts";
import { TRACE_COLUMN_LIST } from "../processor/sinks/copy-row.ts";
import { postgresSink } from "../processor/sinks/postgres.ts";
import { RowsWriter } from "../processor/sinks/rows-writer.ts";
import type { EnrichedSpan } from "../processor/sinks/sink.ts";
import { startEmbeddedPostgres } from "../processor/storage/embedded-postgres.ts";
import { migrate } from "../processor/storage/migrate.ts";
import { batchOf, spanTraffic } from "../test/support/enriched-spans.ts";
import { sessionsCpuMicrosOf } from "./process-usage.ts";

const ROWS = Number(process.argv[2] ?? 200_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const BATCH_ROWS = 5_000;
const CONNECTIONS = 2;

interface Measured {
  readonly rowsPerSecond: number;
  /** Of this process, user and system. */
  readonly cpuMicrosPerRow: number;
  /** Of the sessions that it opened, which does not depend on what else the machine does. */
  readonly serverMicrosPerRow: number;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "genai-otel-bench-"));
  chmodSync(folder, 0o755);
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
  const batches = makeBatches();
  const files = writeCopyFiles(batches, folder);
  const runs: Record<string, () => Promise<void>> = {
    "sink, 2 connections": () => writeThroughSink(url, batches, CONNECTIONS),
    "sink, 1 connection": () => writeThroughSink(url, batches, 1),
    "COPY FROM file, 1 session": () => copyFiles(url, files, 1),
    "COPY FROM file, 2 sessions": () => copyFiles(url, files, CONNECTIONS),
  };
  const measured = new Map<string, Measured[]>(Object.keys(runs).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      await admin.query(
        "truncate genai.llm_traces, genai.rollup_minute, genai.rollup_hour, genai.rollup_day, genai.histogram_minute, genai.histogram_hour, genai.histogram_day, genai.user_hour, genai.user_day",
      );
      await admin.query("checkpoint");
      const result = await measure(run, () => sessionsCpuMicros(folder));
      // The first round warms up: pages, plans, compiled code.
      if (round > 0) measured.get(name)?.push(result);
    }
  }
  report(measured);
}

function makeBatches(): EnrichedSpan[][] {
  const startMs = Date.now() - 600_000;
  return Array.from({ length: ROWS / BATCH_ROWS }, (_, i) =>
    spanTraffic({ count: BATCH_ROWS, seed: i + 1, startMs: startMs + i * 5_000, spreadMs: 5_000 }),
  );
}

/** The rows in the same batches, so that a session can take every second file. */
function writeCopyFiles(batches: readonly EnrichedSpan[][], folder: string): string[] {
  const writer = new RowsWriter(null);
  return batches.map((batch, i) => {
    const path = join(folder, `rows-${i}.bin`);
    writer.begin(null);
    for (const enriched of batch) writer.add(enriched);
    writeFileSync(path, Buffer.concat([COPY_HEADER, writer.end().bytes, COPY_TRAILER]), { mode: 0o644 });
    return path;
  });
}

async function writeThroughSink(url: string, batches: readonly EnrichedSpan[][], connections: number): Promise<void> {
  const sink = postgresSink({ url, connections });
  let next = 0;
  const write = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) await sink.write(batchOf(batch));
  };
  // One batch is encoded while the others are on their way.
  await Promise.all(Array.from({ length: connections + 1 }, write));
  await sink.close();
}

async function copyFiles(url: string, files: readonly string[], sessions: number): Promise<void> {
  let next = 0;
  const copy = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      await client.query(`copy genai.llm_traces (${TRACE_COLUMN_LIST}) from '${file}' (format binary)`);
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: sessions }, copy));
}

async function measure(run: () => Promise<void>, serverMicros: () => number): Promise<Measured> {
  const serverBefore = serverMicros();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await run();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await sleep(SESSION_END_MS);
  const serverMicrosPerRow = (serverMicros() - serverBefore) / ROWS;
  return { rowsPerSecond: ROWS / seconds, cpuMicrosPerRow: (user + system) / ROWS, serverMicrosPerRow };
}

/** The postmaster has waited for the sessions that ended by then. */
const SESSION_END_MS = 300;

/** Processor time of all sessions that have ended. */
function sessionsCpuMicros(folder: string): number {
  return sessionsCpuMicrosOf(Number(readFileSync(join(folder, "data", "cluster", "postmaster.pid"), "utf8").split("\n")[0]));
}

function report(measured: ReadonlyMap<string, readonly Measured[]>): void {
  const limit = median((measured.get("COPY FROM file, 1 session") ?? []).map(({ rowsPerSecond }) => rowsPerSecond));
  console.log(`${ROWS} rows in batches of ${BATCH_ROWS}, 3 indexes, median of ${ROUNDS} interleaved rounds\n`);
  console.log(
    `${"".padEnd(28)}${"rows/s".padStart(10)}${"of COPY FROM file".padStart(20)}${"own CPU us/row".padStart(17)}${"server CPU us/row".padStart(20)}`,
  );
  for (const [name, results] of measured) {
    const rows = median(results.map(({ rowsPerSecond }) => rowsPerSecond));
    const cpu = median(results.map(({ cpuMicrosPerRow }) => cpuMicrosPerRow));
    const server = median(results.map(({ serverMicrosPerRow }) => serverMicrosPerRow));
    console.log(
      `${name.padEnd(28)}${Math.round(rows).toString().padStart(10)}${(rows / limit).toFixed(2).padStart(20)}${cpu.toFixed(2).padStart(17)}${server.toFixed(2).padStart(20)}`,
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

await main();
