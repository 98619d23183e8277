import { execFileSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import { CASES, runsOn, scriptIdOf } from "./cases.mjs";
import { recordCoverage, writeCoverage } from "./coverage.ts";
import { runCases, servedTo, spansOfCase } from "./harness.ts";
import type { CaseResults } from "./harness.ts";
import { judge } from "./judge.ts";
import type { Judged, MatrixCase } from "./judge.ts";
import { runsIn, SDKS } from "./sdks.mjs";
import type { MatrixSdk } from "./sdks.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** What is published, compiled from this tree, so that no loader of TypeScript stands between: once where the project's own SDK 2.x is found, once where 3.x is. */
const BUILD = join(PROJECT, "node_modules/.cache/genai-otel-matrix");
const BUILD_BESIDE_SDK_3 = join(HERE, "sdk-3/node_modules/genai-otel");
compileTo(BUILD);
cpSync(BUILD, BUILD_BESIDE_SDK_3, { recursive: true });

/** How the instrumentation is started; a row says which of them, by default the first. */
const STARTS: Readonly<Record<NonNullable<MatrixSdk["start"]>, string>> = {
  register: join(BUILD, "instrumentation/register.js"),
  "register on SDK 3": join(BUILD_BESIDE_SDK_3, "instrumentation/register.js"),
  "own SDK 3": join(HERE, "sdk-3/own-sdk.mjs"),
};

/** Parts of the matrix: `MATRIX_NODES=20,26` and `MATRIX_SDKS="openai|got"`, a pattern of the rows' names. */
const ONLY_NODES = process.env["MATRIX_NODES"]?.split(",").map(Number);
const ONLY_SDKS = new RegExp(process.env["MATRIX_SDKS"] ?? "");
const NODES = [20, 22, 24, 26]
  .map((major) => ({ major, node: nodeOf(major) }))
  .filter(({ major, node }) => existsSync(node) && ONLY_NODES?.includes(major) !== false);

/** Node 20 is what runs this; the others are installed beside the SDKs. */
function nodeOf(major: number): string {
  return process.versions.node.startsWith(`${major}.`) ? process.execPath : join(HERE, `node_modules/node-${major}/bin/node`);
}

function compileTo(outDir: string): void {
  execFileSync(process.execPath, [join(PROJECT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", outDir], {
    cwd: PROJECT,
  });
}

/** One SDK in one Node: with instrumentation and alone, each against a stand-in of its own. */
async function runBoth(
  sdk: MatrixSdk,
  node: string,
): Promise<{ watched: CaseResults; alone: CaseResults; judged: ReadonlyMap<string, Judged> }> {
  const [watchedBy, aloneWith] = await Promise.all([startProviderStandIn(), startProviderStandIn()]);
  const env = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: (sdk.instrumentations ?? ["none"]).join(",") };
  const nodeArgs = ["--import", pathToFileURL(STARTS[sdk.start ?? "register"]).href];
  const [watched, alone] = await Promise.all([
    runCases({ sdk: sdk.name, standIn: watchedBy, nodeArgs, node, env }),
    runCases({ sdk: sdk.name, standIn: aloneWith, nodeArgs: [], node }),
  ]);
  const judgedOf = (testCase: MatrixCase): Judged => {
    const served = servedTo(watchedBy, scriptIdOf(sdk.name, testCase.name));
    return judge(asItEnded(testCase, sdk, watched.seen.get(testCase.name)), {
      spans: spansOfCase(watched.spans, testCase.name),
      served,
      unpriced: sdk.unpriced === true,
    });
  };
  const judged = new Map(CASES.map((testCase) => [testCase.name, judgedOf(testCase)]));
  await Promise.all([watchedBy.close(), aloneWith.close()]);
  return { watched, alone, judged };
}

/** An end of the client's own that did not come through is no end: the case is then the answer's. */
function asItEnded(testCase: MatrixCase, { unsteady }: MatrixSdk, seen: unknown): MatrixCase {
  const answered = typeof seen === "object" && seen !== null && "value" in seen;
  if (unsteady?.includes(testCase.name) !== true || !answered) return testCase;
  const { category: _category, ...ended } = testCase;
  return ended;
}

/** Every SDK in every Node that its engines field allows, some at a time: a row takes six seconds, two of them CPU. */
const AT_ONCE = Number(process.env["MATRIX_AT_ONCE"] ?? 4);
const ROWS = NODES.flatMap((node) =>
  SDKS.filter((sdk) => sdk.installed !== true && runsIn(sdk, node.major) && ONLY_SDKS.test(sdk.name)).map((sdk) => ({
    ...node,
    sdk,
    title: `Node ${node.major}: ${sdk.name}`,
  })),
);
const RUNS = startAll();

/** Whoever is free takes the next row. */
function startAll(): ReadonlyMap<string, Promise<Awaited<ReturnType<typeof runBoth>>>> {
  const startMs = Date.now();
  const waiting: (() => Promise<unknown>)[] = [];
  const runs = new Map(
    ROWS.map(({ title, sdk, node }, index) => {
      const run = new Promise<void>((resolve) => waiting.push(() => (resolve(), run.catch(() => {})))).then(() => runBoth(sdk, node));
      const said = (): void => console.log(`${index + 1} of ${ROWS.length}, ${Math.round((Date.now() - startMs) / 1000)} s: ${title}`);
      void run.then(said, said);
      return [title, run];
    }),
  );
  const work = async (): Promise<void> => {
    for (let start = waiting.shift(); start !== undefined; start = waiting.shift()) await start();
  };
  for (let worker = 0; worker < AT_ONCE; worker++) void work();
  return runs;
}

describe.each(ROWS)("$title", ({ title, major, sdk }) => {
  let run: Awaited<ReturnType<typeof runBoth>>;
  beforeAll(async () => {
    run = await (RUNS.get(title) ?? Promise.reject(new Error("not started")));
  }, 240_000);

  it.each(CASES.filter((testCase) => runsOn(testCase, sdk)))("$name", (testCase) => {
    const { name } = testCase;
    recordCoverage({ sdk: sdk.name, node: major, testCase: name, passed: false });
    const { expected, found } = run.judged.get(name) ?? { expected: undefined, found: undefined };
    expect(run.watched.seen.get(name), "what the application saw").toBeDefined();
    if (sdk.unsteady?.includes(name) !== true) expect(run.watched.seen.get(name)).toEqual(run.alone.seen.get(name));
    expect(found).toEqual(expected);
    recordCoverage({ sdk: sdk.name, node: major, testCase: name, passed: true });
  });
});

afterAll(() => writeCoverage(SDKS));
