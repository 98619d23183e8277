/**
 * The application that `genai-otel demo` watches: a support desk that asks three providers through their own SDKs. It knows
 * nothing of telemetry except the spans that any application makes of its requests; `genai-otel/register` sees the rest.
 *
 *   PROVIDERS_URL=http://127.0.0.1:4010 node --import genai-otel/register app.mjs
 *
 * Environment: PROVIDERS_URL (a provider stand-in), DEMO_SECONDS (18), DEMO_WORKERS (12), DEMO_SEED (7).
 */
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { createClients } from "./clients.mjs";
import { REQUESTS } from "./requests.mjs";
import { seededRandom, weightedPick } from "./random.mjs";

const url = process.env.PROVIDERS_URL;
if (!url) {
  console.error("demo-app: PROVIDERS_URL is not set; expected the address of a provider stand-in, such as http://127.0.0.1:4010");
  process.exit(2);
}
const seconds = Number(process.env.DEMO_SECONDS ?? 18);
const workers = Number(process.env.DEMO_WORKERS ?? 12);
const random = seededRandom(Number(process.env.DEMO_SEED ?? 7));
const clients = createClients(url);
const tracer = trace.getTracer("support-desk");
const tally = { requests: 0, answered: 0, failed: 0 };

const until = Date.now() + seconds * 1000;
const progress = setInterval(() => console.log(line()), 2000);
await Promise.all(Array.from({ length: workers }, () => serveUntil(until)));
clearInterval(progress);
console.log(line());

/** One user after another; every kind of request is made at least once before chance decides. */
async function serveUntil(end) {
  while (Date.now() < end) {
    const request = REQUESTS[tally.requests] ?? weightedPick(REQUESTS, random);
    tally.requests += 1;
    await serve(request, tally.requests);
  }
}

/** A request of a user, as a web framework's instrumentation would show it. */
async function serve(request, number) {
  await tracer.startActiveSpan(
    `POST ${request.route}`,
    { kind: SpanKind.SERVER, attributes: { "http.route": request.route } },
    async (span) => {
      try {
        await request.ask(clients, { number, random, tracer }, request);
        tally.answered += 1;
      } catch (error) {
        // The user gets an apology; the process goes on.
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
        tally.failed += 1;
      } finally {
        span.end();
      }
    },
  );
}

function line() {
  return `support desk: ${tally.requests} requests, ${tally.answered} answered, ${tally.failed} failed`;
}
