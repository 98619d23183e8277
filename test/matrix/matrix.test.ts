import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
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
import { SDKS } from "./sdks.mjs";
import type { MatrixSdk } from "./sdks.mjs";

/** What is published, compiled from this tree, so that no loader of TypeScript stands between. */
const BUILD = fileURLToPath(new URL("../../node_modules/.cache/genai-otel-matrix/", import.meta.url));
const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
execFileSync(process.execPath, [join(PROJECT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", BUILD], {
  cwd: PROJECT,
});
const REGISTER = ["--import", pathToFileURL(join(BUILD, "instrumentation/register.js")).href];
const NODE_24 = fileURLToPath(new URL("node_modules/node-24/bin/node", import.meta.url));
const NODES = [
  { node: process.execPath, major: Number(process.versions.node.split(".")[0]) },
  { node: NODE_24, major: 24 },
].filter(({ node }) => existsSync(node));

/** One SDK in one Node: with instrumentation and alone, each against a stand-in of its own. */
async function runBoth(
  sdk: MatrixSdk,
  node: string,
): Promise<{ watched: CaseResults; alone: CaseResults; judged: ReadonlyMap<string, Judged> }> {
  const [watchedBy, aloneWith] = await Promise.all([startProviderStandIn(), startProviderStandIn()]);
  const env = { OTEL_NODE_ENABLED_INSTRUMENTATIONS: (sdk.instrumentations ?? ["none"]).join(",") };
  const watched = await runCases({ sdk: sdk.name, standIn: watchedBy, nodeArgs: REGISTER, node, env });
  const alone = await runCases({ sdk: sdk.name, standIn: aloneWith, nodeArgs: [], node });
  const judgedOf = (testCase: MatrixCase): Judged => {
    const served = servedTo(watchedBy, scriptIdOf(sdk.name, testCase.name));
    return judge(testCase, { spans: spansOfCase(watched.spans, testCase.name), served, unpriced: sdk.unpriced === true });
  };
  const judged = new Map(CASES.map((testCase) => [testCase.name, judgedOf(testCase)]));
  await Promise.all([watchedBy.close(), aloneWith.close()]);
  return { watched, alone, judged };
}

/** Every SDK in every Node that its engines field allows, some at a time: most of a run is waiting. */
const AT_ONCE = 3;
const ROWS = NODES.flatMap((node) =>
  SDKS.filter(({ installed, nodeMin = 20 }) => installed !== true && node.major >= nodeMin).map((sdk) => ({
    ...node,
    sdk,
    title: `Node ${node.major}: ${sdk.name}`,
  })),
);
const RUNS = startAll();

function startAll(): ReadonlyMap<string, Promise<Awaited<ReturnType<typeof runBoth>>>> {
  const lanes = Array.from({ length: AT_ONCE }, (): Promise<unknown> => Promise.resolve());
  return new Map(
    ROWS.map(({ title, sdk, node }, index) => {
      const run = (lanes[index % AT_ONCE] ?? Promise.resolve()).then(() => runBoth(sdk, node));
      lanes[index % AT_ONCE] = run.catch(() => {});
      return [title, run];
    }),
  );
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
    expect(run.watched.seen.get(name)).toEqual(run.alone.seen.get(name));
    expect(found).toEqual(expected);
    recordCoverage({ sdk: sdk.name, node: major, testCase: name, passed: true });
  });
});

afterAll(() => writeCoverage(SDKS));
