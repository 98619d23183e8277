import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProviderStandIn, type ProviderStandIn } from "../processor/demo/provider-stand-in.ts";
import { startReceiver, type ReceivedSpan, type Receiver } from "./matrix/harness.ts";

// Every example as its own `npm start` runs it, against the provider stand-in: each call that the stand-in served must arrive as one
// call. Next.js needs an install of its own and is tested by test/matrix/nextjs.test.ts.

const EXAMPLES = resolve(import.meta.dirname, "../examples");
const REGISTER = resolve(import.meta.dirname, "../instrumentation/register.ts");
const TSX = import.meta.resolve("tsx");
const UP_MS_MAX = 25_000;

let standIn: ProviderStandIn;
let receiver: Receiver;
const running: ChildProcess[] = [];
beforeAll(async () => void ([standIn, receiver] = await Promise.all([startProviderStandIn(), startReceiver()])));
afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.all([standIn.close(), receiver.close()]);
});

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<unknown>;
}

/** What `npm start` says, with the sources in place of the installed package. */
async function startExample(name: string): Promise<Started> {
  const cwd = resolve(EXAMPLES, name);
  const { scripts } = JSON.parse(await readFile(resolve(cwd, "package.json"), "utf8")) as { scripts: { start: string } };
  const [node, ...args] = scripts.start.split(" ");
  expect([node, args.includes("genai-otel/register")]).toEqual(["node", true]);
  const child = spawn(process.execPath, ["--import", TSX, ...args.map((arg) => (arg === "genai-otel/register" ? REGISTER : arg))], {
    cwd,
    env: {
      PATH: process.env["PATH"],
      PORT: "0",
      OPENAI_API_KEY: "stand-in",
      OPENAI_BASE_URL: `${standIn.url}/v1`,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_SERVICE_NAME: name,
    },
  });
  running.push(child);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text, ended: once(child, "close") };
}

const callsOf = (spans: readonly ReceivedSpan[]): ReceivedSpan[] => spans.filter(({ attributes }) => attributes["llm_call"] === true);

/** The calls that arrived since `before`, beside what was served since: tokens say which is which. */
function compare(before: { served: number; spans: number }): { served: unknown[]; arrived: unknown[]; calls: ReceivedSpan[] } {
  const served = standIn.requests.slice(before.served).map(({ model, usage }) => ({ model, output: usage?.output, status: 200 }));
  const calls = callsOf(receiver.spans.slice(before.spans));
  const arrived = calls.map(({ attributes }) => ({
    model: attributes["gen_ai.request.model"],
    output: attributes["gen_ai.usage.output_tokens"],
    status: attributes["http.response.status_code"],
  }));
  return { served, arrived, calls };
}

const soFar = (): { served: number; spans: number } => ({ served: standIn.requests.length, spans: receiver.spans.length });

describe("examples", () => {
  test.each([
    ["node", 1],
    ["vercel-ai", 2],
    ["langchain", 2],
  ])("%s: every call arrives once, with its tokens and its price", async (name, expected) => {
    const before = soFar();
    const { child, output, ended } = await startExample(name);
    await ended;
    expect(child.exitCode, output()).toBe(0);
    expect(output()).toContain("the model answers");
    const { served, arrived, calls } = compare(before);
    expect(arrived).toEqual(served);
    expect(calls).toHaveLength(expected);
    for (const { attributes } of calls) expect(attributes["cost_usd"]).toBeGreaterThan(0);
  });

  test("express: a call is below the span of the request that asked for it", async () => {
    const before = soFar();
    const { child, output, ended } = await startExample("express");
    const url = await printed(output, /http:\S+\/ask/);
    const answer = await fetch(`${url}?q=why`);
    expect(answer.status, output()).toBe(200);
    expect(await answer.json()).toEqual({ answer: expect.stringContaining("the model answers") });
    child.kill("SIGTERM");
    await ended;
    const { served, arrived, calls } = compare(before);
    expect(arrived).toEqual(served);
    expect(calls).toHaveLength(1);
    const parent = receiver.spans.find(({ spanId }) => spanId === calls[0]?.parentSpanId);
    expect([parent?.scope, parent?.attributes["http.request.method"] ?? parent?.attributes["http.method"]]).toEqual([
      "@opentelemetry/instrumentation-http",
      "GET",
    ]);
  });
});

async function printed(output: () => string, pattern: RegExp): Promise<string> {
  for (const until = Date.now() + UP_MS_MAX; Date.now() < until; await sleep(50)) {
    const found = pattern.exec(output())?.[0];
    if (found !== undefined) return found;
  }
  throw new Error(`not printed in time: ${String(pattern)}; got: ${output()}`);
}
