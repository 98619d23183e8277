/**
 * Runs the cases of one SDK in this process, all at once, each below a span of its own, and prints what the application saw,
 * one JSON line per case: the same lines are expected with instrumentation and without.
 *
 *   node run-cases.mjs '{"sdk":"openai-7","url":"http://127.0.0.1:4010"}'
 */
import { setTimeout as sleep } from "node:timers/promises";
import { trace } from "@opentelemetry/api";
import { CASES, runsOn, scriptIdOf } from "./cases.mjs";
import { loadAdapter, SDKS } from "./sdks.mjs";

const { sdk: name, url, http2Url, only } = JSON.parse(process.argv[2]);
const sdk = SDKS.find((row) => row.name === name);
const adapter = await loadAdapter(sdk, { url, http2Url });
const tracer = trace.getTracer("matrix");
const cases = CASES.filter((testCase) => (only === undefined ? runsOn(testCase, sdk) : only.includes(testCase.name)));

await Promise.all(
  cases.map((testCase) =>
    tracer.startActiveSpan("case", { attributes: { "case.name": testCase.name } }, async (span) => {
      console.log(JSON.stringify({ case: testCase.name, seen: await outcome(testCase) }));
      span.end();
    }),
  ),
);
// What an SDK leaves running (a race's loser) ends before the process does.
await sleep(400);
// Some SDKs leave timers that would keep the process for minutes.
if (sdk.lingers) process.kill(process.pid, "SIGTERM");

async function outcome(testCase) {
  try {
    const result = await perform(testCase);
    return { value: typeof result === "string" ? `${result.length} characters: ${result.slice(0, 40)}` : String(result) };
  } catch (error) {
    return describe(error, testCase.script.startsWith("cut"));
  }
}

function describe(error, cut) {
  // A connection that is torn down shows as a reset or as a close, whichever comes first.
  if (cut) return { threw: true };
  const { name: errorName, message, status, code, type } = error ?? {};
  return {
    threw: error?.constructor?.name,
    name: errorName,
    message: message?.replace(/127\.0\.0\.1:\d+/, "<stand-in>").slice(0, 80),
    status,
    code: String(code),
    type,
  };
}

async function perform(testCase) {
  const { script, stream, retries, timeoutMs, stopAfter, race, twice } = testCase;
  const ask = (id) => {
    const how = { retries, timeoutMs, stopAfter, signal: signalOf(testCase) };
    const prompt = `Say something. [[${id}~${script}]]`;
    return stream ? adapter.stream(prompt, how) : adapter.ask(prompt, how);
  };
  const id = scriptIdOf(name, testCase.name);
  if (race) return Promise.race([ask(id), sleep(60, "the clock won")]);
  if (twice === "together") return (await Promise.all([ask(id), ask(id)])).join("|");
  if (twice === "in_turn") return ask(id).catch(() => ask(id));
  return ask(id);
}

function signalOf({ abortMs, timerAbortMs, signalTimeoutMs }) {
  if (abortMs !== undefined) return abortedAfter(abortMs);
  if (timerAbortMs !== undefined) return abortedByTimer(timerAbortMs);
  return signalTimeoutMs === undefined ? undefined : AbortSignal.timeout(signalTimeoutMs);
}

/** A caller's abort, as when its own client hangs up: not from a timer, which would be a time limit. */
function abortedAfter(ms) {
  const controller = new AbortController();
  void sleep(ms).then(() => controller.abort());
  return controller.signal;
}

/** A caller's time limit, made by hand. */
function abortedByTimer(ms) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), ms);
  return controller.signal;
}
