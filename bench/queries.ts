/**
 * Every analytics query and every query of every dashboard panel and alert on millions of calls of one week: milliseconds,
 * whether the plan keeps to the rollups and the indexes, and how the time grows with the rows.
 *
 *   npm run bench:queries -- [millions of rows, ascending: 1,5,10]
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startEmbeddedPostgres } from "../processor/storage/embedded-postgres.ts";
import { affectedOperationsSql, errorPatternsSql, errorsOverTimeSql } from "../processor/storage/analytics/error-patterns.ts";
import { modelEconomicsSql } from "../processor/storage/analytics/model-economics.ts";
import { providerComparisonSql } from "../processor/storage/analytics/provider-comparison.ts";
import { migrate } from "../processor/storage/migrate.ts";
import { addRows, addSamples, FILLED_DAYS, rebuildRollups } from "./fill-database.ts";

const SIZES = (process.argv[2] ?? "1,5,10").split(",").map((millions) => Number(millions) * 1e6);
const RUNS = 5;
/** A panel over a week must be there before anybody notices. */
const BUDGET_MS = 150;

interface BenchQuery {
  readonly name: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

interface Timing {
  readonly ms: number;
  readonly rows: number;
  /** What the plan does that it must not: empty when all is well. */
  readonly faults: readonly string[];
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "genai-otel-bench-"));
  chmodSync(dataDir, 0o755);
  const server = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    settings: { max_wal_size: "8GB", shared_buffers: "512MB", work_mem: "16MB", max_parallel_workers_per_gather: "0", jit: "off" },
  });
  const client = new pg.Client({ connectionString: server.url });
  try {
    await client.connect();
    await migrate(client);
    await addSamples(client);
    const results = new Map<string, Timing[]>();
    let rows = 0;
    for (const size of SIZES) {
      process.stderr.write(`filling to ${size / 1e6} million rows\n`);
      await addRows(client, size - rows);
      rows = size;
      await rebuildRollups(client);
      await client.query("vacuum analyze");
      for (const query of await allQueries(client))
        results.set(query.name, [...(results.get(query.name) ?? []), await time(client, query)]);
    }
    report(results);
  } finally {
    await client.end();
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function allQueries(client: pg.Client): Promise<BenchQuery[]> {
  const to = new Date();
  const from = new Date(to.getTime() - FILLED_DAYS * 86_400_000);
  const range = [from, to];
  const { rows } = await client.query<{ trace_id: string }>(
    "select trace_id from genai.llm_traces where created_at > now() - interval '1 hour' limit 1",
  );
  return [
    { name: "api provider-comparison", text: providerComparisonSql("genai"), values: range },
    { name: "api error-patterns", text: errorPatternsSql("genai"), values: range },
    { name: "api error-patterns overTime", text: errorsOverTimeSql("genai"), values: [...range, "1 hour"] },
    { name: "api error-patterns operations", text: affectedOperationsSql("genai"), values: range },
    { name: "report model economics", text: modelEconomicsSql("genai"), values: range },
    ...(await dashboardQueries({ from, to, traceId: rows[0]?.trace_id ?? "" })),
  ];
}

interface Filled {
  readonly from: Date;
  readonly to: Date;
  readonly traceId: string;
}

/** Every exported SQL query of dashboards/queries, with Grafana's macros and the variables of "All" filled in. */
async function dashboardQueries(filled: Filled): Promise<BenchQuery[]> {
  const folder = join(import.meta.dirname, "..", "dashboards", "queries");
  const queries: BenchQuery[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))) {
    const exported = (await import(join(folder, file))) as Record<string, { language?: string; text?: string }>;
    for (const [name, query] of Object.entries(exported)) {
      if (query.language === "sql" && query.text !== undefined)
        queries.push({ name: `${file.slice(0, -3)} ${name}`, text: fillIn(query.text, filled) });
    }
  }
  return queries;
}

/** 7 days on a panel of 1,000 pixels. */
const INTERVAL_MS = 600_000;
const ALL_VALUES: Readonly<Record<string, string>> = {
  environment: "environment",
  service: "service_name",
  provider: "model_provider",
  model: "model",
  operation: "operation",
  category: "error_category",
  status: "status",
  monthly_budget: "1000",
  __interval_ms: String(INTERVAL_MS),
};

function fillIn(text: string, { from, to, traceId }: Filled): string {
  const filled = text
    .replaceAll(/\$__timeFilter\((\w+)\)/g, `$1 between '${from.toISOString()}' and '${to.toISOString()}'`)
    .replaceAll("$__timeFrom()", `'${from.toISOString()}'`)
    .replaceAll("$__timeTo()", `'${to.toISOString()}'`)
    .replaceAll("$trace_id", traceId)
    .replaceAll(
      /\$(?:\{(\w+)\}|(\w+))/g,
      (whole, braced: string | undefined, bare: string | undefined) => ALL_VALUES[braced ?? bare ?? ""] ?? whole,
    );
  const left = /\$\w+/.exec(filled);
  if (left !== null) throw new Error(`no value for ${left[0]}: add it to ALL_VALUES`);
  return filled;
}

async function time(client: pg.Client, { name, text, values }: BenchQuery): Promise<Timing> {
  try {
    const times: number[] = [];
    let rows = 0;
    for (let run = 0; run <= RUNS; run += 1) {
      const startMs = performance.now();
      rows = (await client.query(text, values === undefined ? [] : [...values])).rowCount ?? 0;
      if (run > 0) times.push(performance.now() - startMs);
    }
    const plan = await client.query<{ "QUERY PLAN": string }>(`explain ${text}`, values === undefined ? [] : [...values]);
    return { ms: median(times), rows, faults: await faultsOf(client, plan.rows.map((row) => row["QUERY PLAN"]).join("\n")) };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Reading these few pages from end to end is cheaper than any index. */
const SMALL_PAGES = 50;

/** Partitions of rows that are read from end to end although they are not small. */
async function faultsOf(client: pg.Client, plan: string): Promise<string[]> {
  const scanned = [...plan.matchAll(/Seq Scan on ((?:llm_traces|spans)_\w+)/g)].map(([, table]) => table);
  const { rows } = await client.query<{ relname: string }>(
    "select relname from pg_class where relnamespace = 'genai'::regnamespace and relname = any($1) and relpages > $2",
    [scanned, SMALL_PAGES],
  );
  return rows.map(({ relname }) => `scans ${relname}`);
}

function report(results: ReadonlyMap<string, readonly Timing[]>): void {
  console.log(`median of ${RUNS} runs in ms, 7 days, warm, no parallel workers\n`);
  console.log(`${"query".padEnd(42)}${SIZES.map((size) => `${size / 1e6} M`.padStart(9)).join("")}${"rows".padStart(8)}  plan`);
  for (const [name, timings] of results) {
    const last = timings.at(-1);
    const slow = (last?.ms ?? 0) > BUDGET_MS ? [`over ${BUDGET_MS} ms`] : [];
    const verdict = [...(last?.faults ?? []), ...slow].join(", ") || "ok";
    console.log(
      `${name.padEnd(42)}${timings.map(({ ms }) => ms.toFixed(1).padStart(9)).join("")}${String(last?.rows ?? 0).padStart(8)}  ${verdict}`,
    );
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

await main();
