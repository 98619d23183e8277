import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProviderStandIn } from "../processor/demo/provider-stand-in.ts";
import type { ProviderStandIn } from "../processor/demo/provider-stand-in.ts";
import { startReceiver } from "../test/matrix/harness.ts";
import type { Receiver } from "../test/matrix/harness.ts";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));
const REGISTER = ["--import", "tsx", "--import", "./instrumentation/register.ts"];
const NOBODY = "http://127.0.0.1:9";

let standIn: ProviderStandIn;
let receiver: Receiver;
let dir: string;
beforeAll(async () => {
  [standIn, receiver] = await Promise.all([startProviderStandIn(), startReceiver()]);
  dir = mkdtempSync(join(tmpdir(), "genai-otel-register-"));
});
afterAll(async () => {
  await Promise.all([standIn.close(), receiver.close()]);
});

interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** Runs a program under register; `kill` is sent once it has printed something. */
async function runApp(
  name: string,
  source: string,
  { args = REGISTER, env = {}, kill }: { args?: string[]; env?: Record<string, string>; kill?: NodeJS.Signals } = {},
): Promise<Ended> {
  const file = join(dir, name);
  writeFileSync(file, source.replaceAll("URL_OF_MODEL", `${standIn.url}/v1/chat/completions`));
  const start = performance.now();
  const child = spawn(process.execPath, [...args, file], {
    cwd: PROJECT,
    env: { PATH: process.env["PATH"], OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (kill !== undefined) child.kill(kill);
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
    (resolve) => void child.on("close", (...end) => resolve(end)),
  );
  return { exitCode, signal, stdout, stderr, ms: performance.now() - start };
}

const ask = (model: string, how = "") =>
  `const answer = await fetch("URL_OF_MODEL", { method: "POST", body: JSON.stringify({ model: "${model}", messages: [{ role: "user", content: "hello" }] })${how} }); await answer.text();`;
const spansOf = (model: string) => receiver.spans.filter(({ attributes }) => attributes["gen_ai.request.model"] === model);

describe("register", () => {
  it("sees a plain fetch, exports on exit, and leaves nothing that keeps the process", async () => {
    const ended = await runApp("plain.mjs", `${ask("gpt-plain")} console.log("done");`);
    expect(ended).toMatchObject({ exitCode: 0, stdout: "done\n", stderr: "" });
    expect(spansOf("gpt-plain")).toHaveLength(1);
    expect(spansOf("gpt-plain")[0]).toMatchObject({ name: "chat gpt-plain", scope: "genai-otel" });
  });

  it("works in CommonJS, and starts once however often it is loaded", async () => {
    const twice = [...REGISTER, "--import", "./instrumentation/register.ts?again"];
    await runApp("common.cjs", `(async () => { ${ask("gpt-common")} })();`, { args: twice });
    expect(spansOf("gpt-common")).toHaveLength(1);
  });

  it("does nothing with OTEL_SDK_DISABLED", async () => {
    const ended = await runApp("disabled.mjs", `${ask("gpt-disabled")} console.log(fetch.toString().includes("native") || fetch.name);`, {
      env: { OTEL_SDK_DISABLED: "TRUE" },
    });
    expect(ended.exitCode).toBe(0);
    expect(spansOf("gpt-disabled")).toHaveLength(0);
  });

  it("exports on SIGTERM what was pending or under way, and then the signal ends the process", async () => {
    const pending = `const failed = fetch("URL_OF_MODEL", { method: "POST", headers: { "x-stand-in": "t1~rate_limit;after=30" }, body: JSON.stringify({ model: "gpt-term", messages: [] }) });
      await (await failed).text(); ${ask("gpt-running", ', headers: { "x-stand-in": "t2~slow" }').replace("const answer = await", "const answer =").replace("await answer.text();", "")}
      setInterval(() => {}, 1000); setTimeout(() => console.log("up"), 100);`;
    const ended = await runApp("term.mjs", pending, { kill: "SIGTERM" });
    expect(ended).toMatchObject({ exitCode: null, signal: "SIGTERM" });
    expect(spansOf("gpt-term")[0]?.attributes).toMatchObject({ error_category: "rate_limit" });
    expect(spansOf("gpt-running")).toHaveLength(1);
  });

  it("leaves the end of a process to an application that handles the signal", async () => {
    const own = `process.on("SIGTERM", () => setTimeout(() => { console.log("bye"); process.exit(7); }, 300)); setInterval(() => {}, 1000); console.log("up");`;
    const ended = await runApp("own-term.mjs", own, { kill: "SIGTERM" });
    expect(ended).toMatchObject({ exitCode: 7, signal: null, stdout: "up\nbye\n" });
  });

  it("lets a process end within seconds when no collector answers", async () => {
    const ended = await runApp("nobody.mjs", `${ask("gpt-nobody")} console.log("done");`, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY } });
    expect(ended).toMatchObject({ exitCode: 0, stdout: "done\n" });
    expect(ended.ms).toBeLessThan(15_000);
    expect(ended.stderr).toMatch(/GENAI_OTEL_SPANS_LOST.*2 spans are lost: the process ended before the export did/);
  });

  it("says so when a setting is not supported, and lets the application run", async () => {
    const ended = await runApp("wrong.mjs", `${ask("gpt-wrong")} console.log("done");`, {
      env: { OTEL_TRACES_EXPORTER: "carrier-pigeon" },
    });
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stderr).toContain('OTEL_TRACES_EXPORTER "carrier-pigeon" is not supported; expected otlp, console, none');
  });
});
