import { execFileSync, fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import type * as CallTracker from "../instrumentation/call/call-tracker.ts";
import type * as Address from "../instrumentation/exchange/address.ts";
import type * as FetchTap from "../instrumentation/exchange/fetch-tap.ts";
import type * as SpanProcessor from "../processor/span-processor.ts";
import type { ExchangeRequest } from "../instrumentation/exchange/exchange.ts";

/**
 * What the instrumentation costs an application: `tsx bench/instrumentation.ts [how many times the rounds]`, BENCH_NODE for the application in another Node`. First the parts alone, then whole calls
 * over real sockets, as CPU time. Prints one line of JSON per figure, in microseconds. Measured is what is published, compiled:
 * tsx would name every function at run time, which costs a call 10 µs.
 */
const ROUNDS = 9;
/** How many times the rounds below; once takes a minute on a machine that does nothing else. */
const SHARE = Number(process.argv[2] ?? 1);
/** Until V8 has compiled what runs once a call for good: twelve thousand calls, a minute's worth in a busy server. */
const CALLS = { what: "calls", times: 80, warmRounds: 150, rounds: 150 } as const;
const FIRST_CHUNKS = { what: "first chunks", times: 20, chunks: 3, warmRounds: 10, rounds: 100 } as const;
const STREAMS = { what: "streams", times: 5, warmRounds: 5, rounds: 40 } as const;
/** Of the application, bench/instrumentation-app.mjs. */
const STATES = ["alone", "context", "spans", "watched"] as const;
type State = (typeof STATES)[number];
/** The part of the rounds that the rest of the machine disturbed least. */
const QUIET = 0.15;

const BENCH = fileURLToPath(new URL(".", import.meta.url));
const PROJECT = join(BENCH, "..");
const BUILD = join(PROJECT, "node_modules/.cache/genai-otel-bench");
execFileSync(process.execPath, [join(PROJECT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", BUILD], {
  cwd: PROJECT,
});
const { callTracker } = await compiled<typeof CallTracker>("instrumentation/call/call-tracker.js");
const { mayBeModelCall } = await compiled<typeof Address>("instrumentation/exchange/address.js");
const { tapFetch } = await compiled<typeof FetchTap>("instrumentation/exchange/fetch-tap.js");
const { GenAiSpanProcessor } = await compiled<typeof SpanProcessor>("processor/span-processor.js");

const NO_ENDPOINTS: readonly never[] = [];
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

function compiled<Module>(path: string): Promise<Module> {
  return import(join(BUILD, path)) as Promise<Module>;
}

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
    endpoints: () => NO_ENDPOINTS,
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
    endpoints: () => NO_ENDPOINTS,
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

type Apps = Readonly<Record<State, ChildProcess>>;

interface Work {
  readonly what: "calls" | "first chunks" | "streams";
  readonly times: number;
  readonly chunks?: number;
  readonly warmRounds: number;
  readonly rounds: number;
}

interface Cost {
  readonly cpuMicros: number;
  readonly firstChunkMicros: readonly number[];
}

/**
 * The same application in four states (bench/instrumentation-app.mjs), four processes of one machine that work in turns, round
 * after round: what the machine does besides meets all of them alike, and the difference of a round is the instrumentation's.
 * The provider answers from a process of its own.
 */
async function measureOverSockets(): Promise<void> {
  const provider = spawn(process.execPath, [join(BENCH, "quick-provider.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(provider.stdout, "data")) as [Buffer];
  const url = line.toString().trim();
  const started = await Promise.all(STATES.map(async (state): Promise<[State, ChildProcess]> => [state, await startApp(state, url)]));
  const apps = Object.fromEntries(started) as Apps;
  const calls = await inTurns(apps, CALLS, (cost) => cost.cpuMicros);
  report("CPU of a call over sockets, the application alone", calls.alone);
  reportAdded("CPU of a call, added by the runtime for one context of AsyncLocalStorage", calls.context, calls.alone);
  reportAdded("CPU of a call, added by two bare spans of the SDK", calls.spans, calls.alone);
  reportAdded("CPU of a call, added by the instrumentation with its SDK and GenAiSpanProcessor", calls.watched, calls.alone, 100);
  reportAdded("CPU of a call, the same without what the runtime takes for a context", calls.watched, calls.context);
  reportAdded("CPU of a call, the same without what bare spans cost", calls.watched, calls.spans);
  const first = await inTurns(apps, FIRST_CHUNKS, (cost) => medianOf(cost.firstChunkMicros));
  report("time to the first chunk, the application alone", first.alone);
  reportAdded("time to the first chunk, added by the runtime for one context of AsyncLocalStorage", first.context, first.alone);
  reportAdded("time to the first chunk, added by two bare spans of the SDK", first.spans, first.alone);
  reportAdded("time to the first chunk, added by the instrumentation", first.watched, first.alone, 50);
  reportAdded("time to the first chunk, the same without what the runtime takes for a context", first.watched, first.context);
  const [short, long] = [40, 440];
  const chunk = ({ cpuMicros }: Cost): number => cpuMicros / (long - short);
  const few = await inTurns(apps, { ...STREAMS, chunks: short }, chunk);
  const many = await inTurns(apps, { ...STREAMS, chunks: long }, chunk);
  const perChunk = (state: State): number[] => many[state].map((cpu, round) => cpu - (few[state][round] ?? Number.NaN));
  report("CPU of a chunk over sockets, the application alone", perChunk("alone"));
  reportAdded("CPU of a chunk over sockets, added by the instrumentation", perChunk("watched"), perChunk("alone"), 1);
  for (const app of Object.values(apps)) app.disconnect();
  provider.stdin.end();
}

async function startApp(state: State, url: string): Promise<ChildProcess> {
  const app = fork(join(BENCH, "instrumentation-app.mjs"), [state, BUILD, url], {
    execPath: process.env["BENCH_NODE"] ?? process.execPath,
    execArgv: [],
  });
  await once(app, "message");
  return app;
}

async function inTurns(apps: Apps, work: Work, figure: (cost: Cost) => number): Promise<Readonly<Record<State, number[]>>> {
  const figures: Record<State, number[]> = { alone: [], context: [], spans: [], watched: [] };
  for (let round = -work.warmRounds; round < work.rounds * SHARE; round++) {
    for (const state of round % 2 === 0 ? STATES : STATES.toReversed()) {
      apps[state].send(work);
      const [cost] = (await once(apps[state], "message")) as [Cost];
      if (round >= 0) figures[state].push(figure(cost));
    }
  }
  return figures;
}

/** Median of the differences of all rounds, with the interval that holds it in 95 of 100 drawings of the rounds (bootstrap). */
function reportAdded(figure: string, withIt: readonly number[], without: readonly number[], limit?: number): void {
  const differences = withIt.map((micros, round) => micros - (without[round] ?? Number.NaN));
  const drawn = Array.from({ length: 2_000 }, () =>
    medianOf(differences.map(() => differences[Math.floor(Math.random() * differences.length)] ?? Number.NaN)),
  ).toSorted((a, b) => a - b);
  console.log(
    JSON.stringify({
      figure,
      medianMicros: round(medianOf(differences)),
      confidence95: [round(drawn[50] ?? Number.NaN), round(drawn[1_949] ?? Number.NaN)],
      ofQuietRounds: round(quantile(withIt, QUIET) - quantile(without, QUIET)),
      rounds: differences.length,
      ...(limit === undefined ? {} : { limit }),
    }),
  );
}

function medianOf(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? Number.NaN;
}
