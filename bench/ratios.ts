import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { collectorBinary } from "./collector/collector-binary.ts";

// npm run bench: what the gateway does beside what else would do it, each in turns on this machine: the reference codec in
// one process, a real Collector where it can be built, and PostgreSQL's own COPY. Each prints its ratios. About ten minutes;
// a number as the first argument is how many rounds are made of each, three without one.

const rounds = process.argv[2] ?? "3";
const root = fileURLToPath(new URL("..", import.meta.url));

interface Comparison {
  readonly title: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly needsCollector?: true;
}

const COMPARISONS: readonly Comparison[] = [
  { title: "The reference codec", script: "bench/codec.ts", args: [] },
  { title: "A Collector, plain", script: "bench/collector/compare.ts", args: ["plain", rounds, "4000"], needsCollector: true },
  { title: "A Collector, with content", script: "bench/collector/compare.ts", args: ["content", rounds, "2000"], needsCollector: true },
  { title: "PostgreSQL's own COPY", script: "bench/postgres-ingest.ts", args: ["200000", rounds] },
];

const collector = collectorBinary();
for (const { title, script, args, needsCollector } of COMPARISONS) {
  process.stdout.write(`\n## ${title}\n\n`);
  if (needsCollector === true && collector === null) process.stdout.write("Not measured: there is no Go to build a Collector with.\n");
  else measure(script, args);
}

function measure(script: string, args: readonly string[]): void {
  const env = collector === null ? process.env : { ...process.env, COLLECTOR_BINARY: collector };
  const { status } = spawnSync(process.execPath, ["--import", "tsx", script, ...args], { cwd: root, stdio: "inherit", env });
  if (status !== 0) throw new Error(`${script} failed`);
}
