import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import type { EnrichContext } from "../processor/core/enrich-context.ts";
import { createTraceMemory } from "../processor/core/trace-memory.ts";
import { promoteRows } from "../processor/gateway/promote-rows.ts";
import { createRequestSettler } from "../processor/gateway/settle-requests.ts";
import { scanTraces } from "../processor/otlp/scan-traces.ts";
import { postgresSink } from "../processor/sinks/postgres.ts";
import type { Sink } from "../processor/sinks/sink.ts";
import { assertRollupsMatchRows } from "./support/assert-rollups.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { requestToModel } from "./support/trace-requests.ts";

let database: TestDatabase;
let sink: Sink;

beforeAll(async () => {
  database = await createDatabase();
  sink = postgresSink({ url: database.url });
});
afterAll(async () => {
  await sink.close();
  await database.drop();
});

test("a request to a model that no GenAI span stands for becomes a model call once its trace has settled, and is in one table only", async () => {
  const memory = createTraceMemory({ tracesMax: 100, spansPerTraceMax: 100, ageMsMax: 60_000 });
  const context = (): EnrichContext => ({ prices: DEFAULT_PRICE_BOOK, memory, nowMs: Date.now() });
  const target = { sink, url: database.url, schema: "genai" };
  const settler = createRequestSettler({
    context,
    store: (calls) => promoteRows(calls, target),
    settleMs: 300,
    log: pino({ level: "silent" }),
  });
  const unclaimed: number[] = [];
  const { batch } = scanTraces(requestToModel({ status: 503 }), {
    context: { ...context(), onUnclaimedRequest: (index) => unclaimed.push(index) },
  });
  await sink.write(batch);
  settler.hold(batch, unclaimed);
  const rows = async () => ({
    spans: (await database.pool.query("select name from genai.spans")).rows,
    calls: (await database.pool.query("select llm_call, model_provider, status, http_status from genai.llm_traces")).rows,
  });
  expect(await rows()).toEqual({ spans: [{ name: "POST" }], calls: [] });
  await expect
    .poll(rows, { timeout: 5000 })
    .toEqual({ spans: [], calls: [{ llm_call: true, model_provider: "openai", status: "failed", http_status: 503 }] });
  await settler.close();
  await assertRollupsMatchRows(database.pool);
});
