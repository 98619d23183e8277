import { spawn } from "node:child_process";
import { once } from "node:events";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { callTracker } from "../instrumentation/call/call-tracker.ts";
import { mayBeModelCall } from "../instrumentation/exchange/address.ts";
import type { ExchangeRequest } from "../instrumentation/exchange/exchange.ts";
import { tapFetch } from "../instrumentation/exchange/fetch-tap.ts";
import { GenAiInstrumentation } from "../instrumentation/genai-instrumentation.ts";
import { GenAiSpanProcessor } from "../processor/span-processor.ts";

/**
 * What the instrumentation costs an application: `tsx bench/instrumentation.ts`. First the parts alone, then whole calls over
 * real sockets, on and off in turns, as CPU time of this process. Prints one line of JSON per figure, in microseconds.
 */
const ROUNDS = 9;

const ANSWER = Buffer.from(
  JSON.stringify({
    id: "chatcmpl-1",
    model: "gpt-5.2",
    choices: [{ index: 0, message: { role: "assistant", content: "word ".repeat(200) }, finish_reason: "stop" }],
    usage: { prompt_tokens: 500, completion_tokens: 250, total_tokens: 750, prompt_tokens_details: { cached_tokens: 256 } },
  }),
);

const provider = new BasicTracerProvider({ spanProcessors: [new GenAiSpanProcessor()] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(provider);

measureForeignFetch();
measureWholeCall(2_000);
measureWholeCall(200_000);
measureChunk();
await measureOverSockets();

function report(figure: string, micros: readonly number[], limit?: number): void {
  const sorted = micros.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  console.log(
    JSON.stringify({
      figure,
      medianMicros: round(median),
      leastMicros: round(sorted[0] ?? Number.NaN),
      ...(limit === undefined ? {} : { limit }),
    }),
  );
}

function round(micros: number): number {
  return Math.round(micros * 100) / 100;
}

/** CPU time, which other processes on the machine do not stretch. */
function microsEach(times: number, work: () => void): number {
  const before = process.cpuUsage();
  for (let index = 0; index < times; index++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

/** A fetch that is no model call, through the wrapper and without it; the fetch itself does nothing. */
function measureForeignFetch(): void {
  const native = globalThis.fetch;
  const answer = Promise.resolve(new Response());
  globalThis.fetch = () => answer;
  const bare = globalThis.fetch;
  const untap = tapFetch({ observe: () => undefined, mayBeModelCall });
  const tapped = globalThis.fetch;
  const url = "https://api.example.com/v1/customers/8124/orders?page=3";
  const differences = Array.from(
    { length: ROUNDS },
    () => microsEach(200_000, () => void tapped(url)) - microsEach(200_000, () => void bare(url)),
  );
  untap();
  globalThis.fetch = native;
  report("fetch that is no model call", differences, 0.5);
}

function chatRequest(bodyBytes: number): ExchangeRequest {
  const body = JSON.stringify({ model: "gpt-5.2", messages: [{ role: "user", content: "x".repeat(bodyBytes) }], stream: false });
  return { method: "POST", url: "https://api.openai.com/v1/chat/completions", header: () => undefined, body };
}

/** Everything that one call costs except undici's channels: two spans, their enrichment, reading of request and answer. */
function measureWholeCall(bodyBytes: number): void {
  const tracker = callTracker({
    tracer: () => provider.getTracer("genai-otel"),
    endpoints: () => [],
    captureContent: () => false,
    onCallEnd: () => {},
  });
  const request = chatRequest(bodyBytes);
  const header = (name: string): string | undefined => (name === "content-type" ? "application/json" : undefined);
  const call = (): void =>
    context.with(ROOT_CONTEXT, () => {
      const observer = tracker.observe(request);
      observer?.responseHeaders(200, header);
      observer?.responseChunk(ANSWER);
      observer?.responseEnd();
    });
  microsEach(20_000, call);
  report(
    `whole call, ${bodyBytes / 1000} kB prompt, spans and enrichment included`,
    Array.from({ length: ROUNDS }, () => microsEach(5_000, call)),
    100,
  );
  tracker.close();
}

/** One event of a stream of chat completion chunks: nearly all hold nothing but a word. */
function measureChunk(): void {
  const tracker = callTracker({
    tracer: () => provider.getTracer("genai-otel"),
    endpoints: () => [],
    captureContent: () => false,
    onCallEnd: () => {},
  });
  const observer = tracker.observe({ ...chatRequest(200), body: '{"model":"gpt-5.2","stream":true}' });
  observer?.responseHeaders(200, (name) => (name === "content-type" ? "text/event-stream" : undefined));
  const chunk = Buffer.from(
    `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764000000,"model":"gpt-5.2","service_tier":"default","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n`,
  );
  microsEach(20_000, () => observer?.responseChunk(chunk));
  report(
    `chunk of a stream, ${chunk.length} bytes`,
    Array.from({ length: ROUNDS }, () => microsEach(100_000, () => observer?.responseChunk(chunk))),
    1,
  );
  tracker.close();
}

/** Real calls by fetch to a stand-in in another process; instrumentation on and off in turns. */
async function measureOverSockets(): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", new URL("provider-process.ts", import.meta.url).pathname], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const url = line.toString().trim();
  const instrumentation = new GenAiInstrumentation({ enabled: false });
  const turns: { on: boolean; cpu: number; first: number; perChunk: number }[] = [];
  // Warm, in both states.
  for (const on of [true, false, true, false]) {
    if (on) instrumentation.enable();
    await block(url);
    await blockOfStreams(url);
    if (on) instrumentation.disable();
  }
  for (let round = 0; round < ROUNDS * 2; round++) {
    const on = round % 2 === 0;
    if (on) instrumentation.enable();
    const cpu = await block(url);
    const streams = await blockOfStreams(url);
    if (on) instrumentation.disable();
    turns.push({ on, cpu, ...streams });
  }
  child.stdin.end();
  const difference = (of: (turn: (typeof turns)[number]) => number): number[] =>
    turns.filter(({ on }) => on).map((turn, index) => of(turn) - of(turns.filter(({ on }) => !on)[index] ?? turn));
  report(
    "CPU of a call over sockets, instrumentation added",
    difference(({ cpu }) => cpu),
    100,
  );
  report(
    "CPU of a call over sockets without instrumentation",
    turns.filter(({ on }) => !on).map(({ cpu }) => cpu),
  );
  report(
    "time to the first chunk, instrumentation added",
    difference(({ first }) => first),
    50,
  );
  report(
    "CPU of a streamed chunk over sockets, instrumentation added",
    difference(({ perChunk }) => perChunk),
    1,
  );
}

async function block(url: string): Promise<number> {
  const calls = 500;
  const before = process.cpuUsage();
  for (let index = 0; index < calls; index++) await (await ask(url, "[[~ok;output=50]]", false)).text();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

async function blockOfStreams(url: string): Promise<{ first: number; perChunk: number }> {
  const streams = 20;
  const chunks = 400;
  const firsts: number[] = [];
  const before = process.cpuUsage();
  for (let index = 0; index < streams; index++) {
    const start = performance.now();
    const { body } = await ask(url, `[[~ok;chunks=${chunks};output=600]]`, true);
    let seen = false;
    for await (const chunk of body ?? []) {
      if (!seen && chunk !== undefined) firsts.push((performance.now() - start) * 1000);
      seen = true;
    }
  }
  const { user, system } = process.cpuUsage(before);
  const sorted = firsts.toSorted((a, b) => a - b);
  return { first: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, perChunk: (user + system) / streams / chunks };
}

async function ask(url: string, prompt: string, stream: boolean): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5.2", stream, messages: [{ role: "user", content: prompt }] }),
  });
}
