import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { startReceiver } from "../test/matrix/harness.ts";

/**
 * An application under load: `tsx bench/load-app.ts [calls per second] [seconds]`. 200 calls/s for 60 s through the OpenAI SDK
 * under genai-otel/register, half of them streams, with retries and failures; provider and collector are processes of their
 * own, the settings register's own. Says whether a call was lost and whether memory grew.
 */
const [rate = "200", seconds = "60"] = process.argv.slice(2);

const receiver = await startReceiver();
const stand = spawnTsx(["bench/provider-process.ts"], {});
const [line] = (await once(stand.stdout ?? stand, "data")) as [Buffer];
const app = spawnTsx(["--expose-gc", "--import", "./instrumentation/register.ts", "bench/load-app-child.mjs", rate, seconds], {
  PROVIDERS_URL: line.toString().trim(),
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
});
app.stdout?.pipe(process.stdout);
await once(app, "close");
stand.stdin?.write("\n");
const [served] = (await once(stand.stdout ?? stand, "data")) as [Buffer];
stand.stdin?.end();
await receiver.close();

const calls = receiver.spans.filter(({ attributes }) => attributes["llm_call"] === true);
const http = receiver.spans.filter(({ attributes }) => attributes["http.request.method"] !== undefined && attributes["llm_call"] !== true);
const truth = JSON.parse(served.toString()) as { requests: number; calls: number };
const tokens = calls.filter(({ attributes }) => typeof attributes["gen_ai.usage.output_tokens"] === "number").length;
console.log(
  JSON.stringify({
    callsServed: truth.calls,
    callsSeen: calls.length,
    attemptsServed: truth.requests,
    attemptsSeen: http.length,
    callsWithTokens: tokens,
  }),
);
process.exitCode = calls.length === truth.calls && http.length === truth.requests ? 0 : 1;

function spawnTsx(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const nodeArgs = args[0] === "--expose-gc" ? ["--expose-gc", "--import", "tsx", ...args.slice(1)] : ["--import", "tsx", ...args];
  return spawn(process.execPath, nodeArgs, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
}
