/**
 * An application that asks a model by fetch, in one of four states: `alone`; in a `context` of AsyncLocalStorage, entered once a call
 * and never read: what the runtime takes for that, whoever instruments; with `spans` that it makes itself by the bare SDK, as many and
 * with as much on them as the instrumentation makes; `watched` by the instrumentation, with GenAiSpanProcessor.
 * bench/instrumentation.ts tells it what to do, and it answers with what that cost.
 *
 *   node instrumentation-app.mjs <state> <folder of the compiled package> <provider's URL>
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { context, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";

const [state, build, url] = process.argv.slice(2);
/** Calls under way at a time, as in a server. */
const AT_ONCE = 8;
const PROMPT = "x".repeat(2000);

const traced = await start();
process.on("message", (task) => void measure(task));
process.on("disconnect", () => process.exit(0));
process.send("ready");

async function measure({ what, times, chunks }) {
  const before = process.cpuUsage();
  const firstChunkMicros = [];
  if (what === "first chunks") for (let n = 0; n < times; n++) firstChunkMicros.push(await traced(() => stream(chunks)));
  else if (what === "calls") await Promise.all(Array.from({ length: AT_ONCE }, () => callInTurn(times / AT_ONCE)));
  else for (let n = 0; n < times; n++) await traced(() => stream(chunks));
  const { user, system } = process.cpuUsage(before);
  process.send({ cpuMicros: (user + system) / times, firstChunkMicros });
}

async function start() {
  if (state === "alone") return (ask) => ask();
  if (state === "context") {
    const storage = new AsyncLocalStorage();
    return (ask) => storage.run({}, ask);
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  if (state === "spans") {
    trace.setGlobalTracerProvider(new BasicTracerProvider());
    return withBareSpans;
  }
  const { GenAiSpanProcessor } = await import(`${build}/processor/span-processor.js`);
  const { GenAiInstrumentation } = await import(`${build}/instrumentation/genai-instrumentation.js`);
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new GenAiSpanProcessor()] }));
  new GenAiInstrumentation();
  return (ask) => ask();
}

const SERVER = { "server.address": "127.0.0.1", "server.port": 443 };
const CALL = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5.2", ...SERVER };
const HTTP = { "http.request.method": "POST", "url.full": `${url}/v1/chat/completions`, ...SERVER, "http.response.status_code": 200 };
const ANSWERED = {
  "gen_ai.response.model": "gpt-5.2-2025-12-11",
  "gen_ai.response.id": "chatcmpl-1",
  "gen_ai.response.finish_reasons": ["stop"],
  "gen_ai.usage.input_tokens": 500,
  "gen_ai.usage.output_tokens": 250,
  "gen_ai.usage.cache_read.input_tokens": 256,
  "openai.response.service_tier": "default",
  "http.response.header.x-request-id": ["req_1"],
  "http.response.status_code": 200,
};

async function withBareSpans(ask) {
  const tracer = trace.getTracer("bare");
  const call = tracer.startSpan("chat gpt-5.2", { kind: SpanKind.CLIENT, attributes: CALL }, ROOT_CONTEXT);
  const below = trace.setSpan(ROOT_CONTEXT, call);
  const result = await context.with(below, ask);
  tracer.startSpan("POST", { kind: SpanKind.CLIENT, attributes: HTTP }, below).end();
  call.setAttributes(ANSWERED).end();
  return result;
}

async function callInTurn(times) {
  for (let n = 0; n < times; n++) await traced(async () => (await post(PROMPT, false)).text());
}

/** Reads a stream to its end; microseconds from the call to the first chunk. */
async function stream(chunks) {
  const start = performance.now();
  let first;
  const { body } = await post(`chunks=${chunks} ${PROMPT}`, true);
  for await (const _chunk of body) first ??= performance.now();
  return (first - start) * 1000;
}

function post(content, streaming) {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-5.2", stream: streaming, messages: [{ role: "user", content }] }),
  });
}
