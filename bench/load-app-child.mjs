import OpenAI from "openai";

const [rate, seconds] = process.argv.slice(2).map(Number);
const openai = new OpenAI({ apiKey: "stand-in", baseURL: `${process.env.PROVIDERS_URL}/v1` });
const SCRIPTS = ["ok;gap=4", "ok", "ok;gap=4", "ok", "rate_limit;after-ms=20,ok", "ok;gap=4", "ok;gap=2", "bad_request", "ok;gap=4", "ok"];
const running = new Set();
const memory = [];

const start = performance.now();
for (let call = 0; call < rate * seconds; call++) {
  const wait = start + (call * 1000) / rate - performance.now();
  if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
  if (call % (rate * 5) === 0) sampleMemory();
  const asked = ask(call).catch(() => {});
  running.add(asked);
  void asked.finally(() => running.delete(asked));
}
await Promise.all(running);
sampleMemory();
console.log(
  JSON.stringify({
    calls: rate * seconds,
    seconds: Math.round((performance.now() - start) / 1000),
    heapMB: memory.map(({ heap }) => heap),
    rssMB: memory.map(({ rss }) => rss),
  }),
);

async function ask(call) {
  const script = SCRIPTS[call % SCRIPTS.length];
  const messages = [{ role: "user", content: `Answer me. [[load-${call}~${script}]] ${"context ".repeat(100)}` }];
  if (!script.includes("gap")) return openai.chat.completions.create({ model: "gpt-5.2", messages });
  const stream = await openai.chat.completions.create({
    model: "gpt-5.2",
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) void chunk;
}

function sampleMemory() {
  globalThis.gc();
  const { heapUsed, rss } = process.memoryUsage();
  memory.push({ heap: Math.round(heapUsed / 1e6), rss: Math.round(rss / 1e6) });
}
