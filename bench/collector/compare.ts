import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuMicrosOf, peakMegabytesOf } from "../process-usage.ts";
import { firstLine, waitForGateway } from "../processes.ts";
import { collectorBinary } from "./collector-binary.ts";
import { findFreePort } from "../../processor/storage/embedded-postmaster.ts";

// npm run build && npx tsx bench/collector/compare.ts [plain|content] [rounds] [requests] [JSON for load.ts]: spans per CPU second of the gateway and of a real
// OpenTelemetry Collector that does comparable work, in turns. Prints a table in markdown. Linux only: CPU time is read
// from /proc. builder-config.yaml says how the Collector is built.

const [corpus = "plain", roundsText = "3", requestsText = "3000", otherText = "{}"] = process.argv.slice(2);
const COLLECTOR = collectorBinary() ?? fail("there is no Collector, and no Go to build one: see bench/collector/builder-config.yaml");
/** The built package, which is what users run: tsx keeps the names of closures with a helper call that users never pay for. */
const GATEWAY = "dist/processor/cli.js";
/** Of both: V8 compiles for the first seconds of a gateway's life, which lasts for months. */
const WARM_UP_REQUESTS = 10_000;
const SETTLE_MS = 250;
const SETTLE_TRIES = 240;
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const root = here("../../");

interface Subject {
  readonly name: string;
  start(receivePort: number, sinkUrl: string): ChildProcess;
}

const SUBJECTS: readonly Subject[] = [
  collector("Collector, transform + batch + otlphttp", "collector.yaml"),
  {
    name: "genai-otel serve, forwarding only",
    start: (port, sinkUrl) =>
      spawn(process.execPath, [GATEWAY, "serve"], {
        cwd: root,
        env: {
          ...process.env,
          HTTP_PORT: String(port),
          GRPC_PORT: "off",
          FORWARD_OTLP_ENDPOINT: sinkUrl,
          WORKERS: "1",
          LOG_LEVEL: "error",
          DATA_DIR: folder,
        },
        stdio: ["ignore", "ignore", "inherit"],
      }),
  },
  collector("Collector, prices of four models and nine categories", "collector-four-models.yaml"),
];

function fail(message: string): never {
  throw new Error(message);
}

function collector(name: string, config: string): Subject {
  return {
    name,
    start: (port, sinkUrl) =>
      spawn(COLLECTOR, ["--config", here(config)], {
        env: { ...process.env, RECEIVE_PORT: String(port), SINK_URL: sinkUrl },
        stdio: ["ignore", "inherit", "inherit"],
      }),
  };
}

interface Measurement {
  readonly spansPerCpuSecond: number;
  readonly cpuMicrosPerSpan: number;
  readonly spansPerSecond: number;
  readonly peakMegabytes: number;
}

if (!existsSync(`${root}${GATEWAY}`)) throw new Error("the gateway is not built: npm run build");
const folder = mkdtempSync(join(tmpdir(), "genai-otel-bench-"));
const results = new Map<string, Measurement[]>(SUBJECTS.map(({ name }) => [name, []]));
for (let round = 0; round < Number(roundsText); round++) {
  for (const subject of SUBJECTS) {
    const measured = await measure(subject);
    results.get(subject.name)?.push(measured);
    process.stderr.write(`round ${round + 1}, ${subject.name}: ${Math.round(measured.spansPerCpuSecond)} spans per CPU second\n`);
  }
}
rmSync(folder, { recursive: true, force: true });
printTable();

async function measure(subject: Subject): Promise<Measurement> {
  const sink = spawn(process.execPath, ["--import", "tsx", here("sink.ts")], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const sinkUrl = `http://127.0.0.1:${await firstLine(sink)}`;
  const port = await findFreePort();
  const process_ = subject.start(port, sinkUrl);
  try {
    await waitForGateway(port);
    const warm = await load(port, WARM_UP_REQUESTS, 0);
    await settle(sinkUrl, warm.spans);
    const before = cpuMicrosOf(process_.pid) / 1e6;
    const startMs = performance.now();
    const sent = await load(port, Number(requestsText), WARM_UP_REQUESTS);
    const seen = await settle(sinkUrl, warm.spans + sent.spans);
    const seconds = (performance.now() - startMs) / 1000;
    const cpu = cpuMicrosOf(process_.pid) / 1e6 - before;
    if (seen.llmCalls === 0 || seen.priced === 0) throw new Error(`${subject.name} did not enrich: ${JSON.stringify(seen)}`);
    return {
      spansPerCpuSecond: sent.spans / cpu,
      cpuMicrosPerSpan: (cpu / sent.spans) * 1e6,
      spansPerSecond: sent.spans / seconds,
      peakMegabytes: peakMegabytesOf(process_.pid),
    };
  } finally {
    process_.kill();
    sink.kill();
    await once(process_, "exit");
  }
}

interface Sent {
  readonly spans: number;
}

async function load(port: number, requests: number, first: number): Promise<Sent> {
  const url = `http://127.0.0.1:${port}/v1/traces`;
  const child = spawn(process.execPath, ["--import", "tsx", here("load.ts"), url, corpus, String(requests), String(first), otherText], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(await firstLine(child)) as Sent;
}

interface Seen extends Sent {
  readonly llmCalls: number;
  readonly priced: number;
}

/** What was accepted is not yet forwarded: the measurement ends when the last span has arrived. */
async function settle(sinkUrl: string, spans: number): Promise<Seen> {
  for (let attempt = 0; attempt < SETTLE_TRIES; attempt++) {
    const seen = (await (await fetch(sinkUrl)).json()) as Seen;
    if (seen.spans >= spans) return seen;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  throw new Error(`spans did not arrive: ${JSON.stringify(await (await fetch(sinkUrl)).json())} of ${spans}`);
}

function printTable(): void {
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  const rows = [...results].map(([name, measurements]) => ({
    name,
    perCpuSecond: median(measurements.map((measured) => measured.spansPerCpuSecond)),
    micros: median(measurements.map((measured) => measured.cpuMicrosPerSpan)),
    perSecond: median(measurements.map((measured) => measured.spansPerSecond)),
    peak: Math.max(...measurements.map((measured) => measured.peakMegabytes)),
  }));
  const base = rows[0]?.perCpuSecond ?? Number.NaN;
  const lines = rows.map(
    ({ name, perCpuSecond, micros, perSecond, peak }) =>
      `| ${name} | ${Math.round(perCpuSecond)} | ${micros.toFixed(2)} | ${Math.round(perSecond)} | ${Math.round(peak)} | ${(perCpuSecond / base).toFixed(2)} |`,
  );
  process.stdout.write(
    [
      `Corpus ${corpus}, ${requestsText} requests of about 100 spans, medians of ${roundsText} rounds in turns, ${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}:`,
      "",
      "| | spans per CPU second | CPU µs per span | spans per second | peak RSS, MB | ratio |",
      "| --- | --- | --- | --- | --- | --- |",
      ...lines,
      "",
    ].join("\n"),
  );
}
