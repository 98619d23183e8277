import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../../processor/demo/provider-stand-in.ts";
import { startReceiver } from "./harness.ts";
import type { Receiver } from "./harness.ts";

// The Next.js example as a user has it: installed from the package, built, started. Next.js replaces fetch itself, below ours.

const run = promisify(execFile);
const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const PREPARE_MS_MAX = 600_000;

let standIn: ProviderStandIn;
let receiver: Receiver;
let dir: string;
let app: ChildProcess | undefined;
beforeAll(async () => {
  [standIn, receiver] = await Promise.all([startProviderStandIn(), startReceiver()]);
  dir = await mkdtemp(join(tmpdir(), "genai-otel-next-"));
  await packageInto(join(dir, "package"));
  await cp(join(PROJECT, "examples/nextjs"), join(dir, "app"), { recursive: true, filter: (path) => !/node_modules|\.next/.test(path) });
  const manifest = join(dir, "app/package.json");
  await writeFile(manifest, (await readFile(manifest, "utf8")).replace("file:../..", "file:../package"));
  const cwd = join(dir, "app");
  await run("npm", ["install", "--install-links", "--no-audit", "--no-fund"], { cwd });
  await run("npx", ["next", "build"], { cwd, env: environment() });
}, PREPARE_MS_MAX);
afterAll(async () => {
  app?.kill("SIGKILL");
  await Promise.all([standIn.close(), receiver.close(), rm(dir, { recursive: true, force: true })]);
});

/** What `npm publish` would take of this tree, less what the gateway alone needs. */
async function packageInto(folder: string): Promise<void> {
  await mkdir(folder);
  const {
    scripts: _scripts,
    devDependencies: _dev,
    ...manifest
  } = JSON.parse(await readFile(join(PROJECT, "package.json"), "utf8")) as Record<string, unknown>;
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  const tsc = join(PROJECT, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", join(folder, "dist")], { cwd: PROJECT });
}

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    NODE_ENV: "production",
    NEXT_TELEMETRY_DISABLED: "1",
    OPENAI_API_KEY: "stand-in",
    OPENAI_BASE_URL: `${standIn.url}/v1`,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  };
}

it("a route's calls arrive, each once, with tokens and price", async () => {
  app = spawn(process.execPath, ["node_modules/next/dist/bin/next", "start", "--port", "0"], { cwd: join(dir, "app"), env: environment() });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    app?.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    app?.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const found = /http:\/\/localhost:\d+/.exec(output)?.[0];
      if (found !== undefined) resolve(found);
    });
    app?.once("close", () => reject(new Error(output)));
  });
  for (const question of ["one", "two"]) {
    const answer = await fetch(`${url}/api/ask?q=${question}`);
    expect(answer.status, output).toBe(200);
    expect(await answer.json()).toEqual({ answer: expect.stringContaining("the model answers") });
  }
  // Before the end: Next.js answers a signal with process.exit(), which loses what is not exported yet.
  const calls = await vi.waitFor(() => {
    const arrived = receiver.spans.filter(({ attributes }) => attributes["llm_call"] === true);
    expect(arrived).toHaveLength(2);
    return arrived;
  }, 30_000);
  app.kill("SIGTERM");
  await once(app, "close");
  expect(calls.map(({ attributes }) => attributes["gen_ai.usage.output_tokens"])).toEqual(
    standIn.requests.map(({ usage }) => usage?.output),
  );
  for (const { attributes } of calls) expect(attributes["cost_usd"]).toBeGreaterThan(0);
}, 120_000);
