/**
 * The whole gateway into PostgreSQL: OTLP over HTTP in, rows and rollups out, exactly once. Prints the CPU that the gateway's
 * process takes for a stored row, what the server takes for it, rows per second, and the peak of the resident memory; with
 * "both", every span is forwarded to an OTLP backend as well.
 *
 *   npm run build && npx tsx bench/postgres-gateway.ts [plain|content] [rounds] [requests] [postgres|both]
 *
 * Linux only: CPU time and memory are read from /proc.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startEmbeddedPostgres } from "../processor/storage/embedded-postgres.ts";
import { firstLine, waitForGateway } from "./processes.ts";
import { findFreePort } from "../processor/storage/embedded-postmaster.ts";
import { cpuMicrosOf, peakMegabytesOf, sessionsCpuMicrosOf } from "./process-usage.ts";

const [corpus = "plain", roundsText = "3", requestsText = "2000", sinks = "postgres"] = process.argv.slice(2);
/** The built package, which is what users run. */
const GATEWAY = fileURLToPath(new URL("../dist/processor/cli.js", import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** V8 compiles for the first seconds of a gateway's life, which lasts for months. */
const WARM_UP_REQUESTS = 3_000;
/** As a busy gateway sees it: many senders, and spans of this minute. */
const TRAFFIC = { connections: 32, spreadMs: 10_000 };

interface Measured {
  readonly rows: number;
  readonly gatewayMicrosPerRow: number;
  readonly serverMicrosPerRow: number;
  readonly rowsPerSecond: number;
  readonly peakMegabytes: number;
}

async function main(): Promise<void> {
  if (!existsSync(GATEWAY)) throw new Error("the gateway is not built: npm run build");
  const folder = mkdtempSync(join(tmpdir(), "genai-otel-bench-"));
  chmodSync(folder, 0o755);
  const server = await startEmbeddedPostgres({ dataDir: join(folder, "data"), settings: { max_wal_size: "4GB", shared_buffers: "512MB" } });
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  try {
    const rounds: Measured[] = [];
    for (let round = 0; round < Number(roundsText); round += 1) {
      await admin.query("drop schema if exists genai cascade");
      await admin.query("checkpoint");
      rounds.push(await measure(admin, server.url, folder));
    }
    report(rounds);
  } finally {
    await admin.end();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(admin: pg.Client, url: string, folder: string): Promise<Measured> {
  const serverBefore = sessionsCpuMicrosOf(postmasterOf(folder));
  const backend = sinks === "both" ? await startBackend() : null;
  const port = await findFreePort();
  const gateway = spawn(process.execPath, [GATEWAY, "serve"], {
    env: { ...process.env, ...gatewayEnv(url, port, folder), ...(backend === null ? {} : { FORWARD_OTLP_ENDPOINT: backend.url }) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    await waitForGateway(port);
    await load(port, WARM_UP_REQUESTS, 0);
    const rowsBefore = await countRows(admin);
    const cpuBefore = cpuMicrosOf(gateway.pid);
    const startMs = performance.now();
    await load(port, Number(requestsText), WARM_UP_REQUESTS);
    const seconds = (performance.now() - startMs) / 1000;
    const cpuMicros = cpuMicrosOf(gateway.pid) - cpuBefore;
    const rows = (await countRows(admin)) - rowsBefore;
    const peakMegabytes = peakMegabytesOf(gateway.pid);
    const exited = once(gateway, "exit");
    gateway.kill();
    await exited;
    // The time of sessions is known once they have ended.
    const serverMicros = sessionsCpuMicrosOf(postmasterOf(folder)) - serverBefore;
    return {
      rows,
      gatewayMicrosPerRow: cpuMicros / rows,
      serverMicrosPerRow: serverMicros / (rows + rowsBefore),
      rowsPerSecond: rows / seconds,
      peakMegabytes,
    };
  } finally {
    gateway.kill();
    backend?.child.kill();
  }
}

const gatewayEnv = (url: string, port: number, folder: string): Record<string, string> => ({
  HTTP_PORT: String(port),
  GRPC_PORT: "off",
  DATABASE_URL: url,
  DATA_DIR: join(folder, "gateway"),
  WORKERS: "1",
  LOG_LEVEL: "error",
});

async function startBackend(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", here("collector/sink.ts")], { stdio: ["ignore", "pipe", "inherit"] });
  return { child, url: `http://127.0.0.1:${await firstLine(child)}` };
}

/** Resolves when every request is answered, which is when its rows are committed. */
async function load(port: number, requests: number, first: number): Promise<void> {
  const target = `http://127.0.0.1:${port}/v1/traces`;
  const args = [target, corpus, String(requests), String(first), JSON.stringify({ ...TRAFFIC, epochMs: Date.now() - 60_000 })];
  await firstLine(
    spawn(process.execPath, ["--import", "tsx", here("collector/load.ts"), ...args], { stdio: ["ignore", "pipe", "inherit"] }),
  );
}

async function countRows(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query<{ n: string }>(
    "select (select count(*) from genai.llm_traces) + (select count(*) from genai.spans) as n",
  );
  return Number(rows[0]?.n);
}

const postmasterOf = (folder: string): number =>
  Number(readFileSync(join(folder, "data", "cluster", "postmaster.pid"), "utf8").split("\n")[0]);

function report(rounds: readonly Measured[]): void {
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  const line = (name: string, value: string): void => console.log(`${name.padEnd(44)}${value.padStart(10)}`);
  console.log(`${corpus} corpus, ${rounds[0]?.rows} rows a round, medians of ${rounds.length} rounds, sinks: ${sinks}\n`);
  line("CPU of the gateway's process, us a stored row", median(rounds.map((round) => round.gatewayMicrosPerRow)).toFixed(2));
  line("CPU of its PostgreSQL sessions, us a row", median(rounds.map((round) => round.serverMicrosPerRow)).toFixed(2));
  line("rows a second", Math.round(median(rounds.map((round) => round.rowsPerSecond))).toString());
  line("peak resident memory, MB", Math.max(...rounds.map((round) => round.peakMegabytes)).toFixed(0));
}

await main();
