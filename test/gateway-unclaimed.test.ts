import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_PRICE_BOOK } from "../processor/core/price-book.ts";
import type { EnrichContext } from "../processor/core/enrich-context.ts";
import { createTraceMemory } from "../processor/core/trace-memory.ts";
import { startHeldRequestsKeeper } from "../processor/gateway/held-requests-keeper.ts";
import { promoteRows } from "../processor/gateway/promote-rows.ts";
import { createRequestSettler, type RequestSettler } from "../processor/gateway/settle-requests.ts";
import { settledCalls } from "../processor/gateway/settled-calls.ts";
import { scanTraces } from "../processor/otlp/scan-traces.ts";
import { postgresSink } from "../processor/sinks/postgres.ts";
import type { EnrichedBatch, Sink } from "../processor/sinks/sink.ts";
import { assertRollupsMatchRows } from "./support/assert-rollups.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { callAround, requestToModel, type TracePlace, tracePlace } from "./support/trace-requests.ts";

const LOG = pino({ level: "silent" });
/** Several rounds of a process. */
const HEARD_MS = 500;

let database: TestDatabase;
const sinks = new Map<string, Sink>();

beforeAll(async () => {
  database = await createDatabase();
  for (const storeSpans of ["all", "none"] as const) sinks.set(storeSpans, postgresSink({ url: database.url, storeSpans }));
});
afterAll(async () => {
  for (const sink of sinks.values()) await sink.close();
  await database.drop();
});
beforeEach(async () => {
  await database.pool.query(
    `truncate genai.llm_traces, genai.spans, genai.held_requests, genai.rollup_minute, genai.rollup_hour, genai.rollup_day, genai.histogram_minute,
     genai.histogram_hour, genai.histogram_day, genai.user_hour, genai.user_day`,
  );
});

/** What a gateway process has beside its doors: a memory of traces, what it holds, a way to the database. */
function startProcess({ settleMs = 60_000, storeSpans = "all", keeps = true, heardMs = HEARD_MS } = {}) {
  const memory = createTraceMemory({ tracesMax: 100, spansPerTraceMax: 100, ageMsMax: 600_000 });
  const context = (): EnrichContext => ({ prices: DEFAULT_PRICE_BOOK, memory, nowMs: Date.now() });
  const sink = sinks.get(storeSpans) as Sink;
  const promote = (calls: EnrichedBatch["spans"]): Promise<void> => promoteRows(calls, { sink, url: database.url, schema: "genai" });
  const held = { databaseUrl: database.url, schema: "genai", storesAllSpans: storeSpans === "all", context, promote };
  const settler: RequestSettler = createRequestSettler({ context, calls: settledCalls(held), settleMs, heardMs, log: LOG });
  const keeper = keeps ? startHeldRequestsKeeper({ ...held, settler, roundMs: 100, silentMs: 800, heardMs, log: LOG }) : null;
  return {
    async receive(body: Uint8Array): Promise<void> {
      const unclaimed: number[] = [];
      const onUnclaimedRequest = (index: number): void => void unclaimed.push(index);
      const { batch } = scanTraces(body, { context: { ...context(), onUnclaimedRequest } });
      const copies = settler.copy(batch, unclaimed);
      await sink.write(batch);
      settler.hold(copies);
    },
    /** Ends as it would by SIGKILL, as far as the database sees. */
    async die(): Promise<void> {
      await Promise.all([settler.close(), keeper?.close()]);
    },
  };
}

async function rows() {
  const { pool } = database;
  return {
    spans: (await pool.query("select name from genai.spans")).rows,
    calls: (await pool.query("select llm_call, model_provider, status, http_status, retry_count from genai.llm_traces")).rows,
    held: (await pool.query("select promoted_at is not null as promoted from genai.held_requests")).rows,
  };
}

const announced = async (): Promise<boolean> =>
  (await database.pool.query("select from genai.held_requests where announced_at is not null and promoted_at is null")).rowCount === 1;

const PLAIN = [{ name: "POST" }];
const FAILED = [{ llm_call: true, model_provider: "openai", status: "failed", http_status: 503, retry_count: 0 }];

test("a request to a model that no GenAI span stands for becomes a model call once its trace has settled, and is in one table only", async () => {
  const gateway = startProcess({ settleMs: 300 });
  await gateway.receive(requestToModel({ status: 503 }));
  expect(await rows()).toEqual({ spans: PLAIN, calls: [], held: [{ promoted: false }] });
  await expect.poll(rows, { timeout: 5000 }).toEqual({ spans: [], calls: FAILED, held: [{ promoted: true }] });
  await gateway.die();
  await assertRollupsMatchRows(database.pool);
});

describe("the GenAI span around a request goes to another process than the request", () => {
  const counted = async (): Promise<number> =>
    ((await rows()).calls as { llm_call: boolean }[]).filter(({ llm_call: call }) => call).length;

  test.each(["all", "none"])("before the request's trace has settled: it stands for the request (spans stored: %s)", async (storeSpans) => {
    const place = tracePlace();
    const [first, second] = [startProcess({ settleMs: 600, storeSpans }), startProcess({ storeSpans })];
    await first.receive(requestToModel({ status: 200, place }));
    await second.receive(callAround(place));
    await expect.poll(async () => (await rows()).held, { timeout: 8000 }).toEqual([]);
    expect(await counted()).toBe(1);
    await Promise.all([first.die(), second.die()]);
    await assertRollupsMatchRows(database.pool);
  });

  test.each(["lives", "died"])("which has not heard yet that it becomes a call (the process that held it %s)", async (fate) => {
    const place = tracePlace();
    const deaf = startProcess({ keeps: false });
    const first = startProcess({ settleMs: fate === "lives" ? 300 : 60_000, heardMs: 1500 });
    await first.receive(requestToModel({ status: 200, place }));
    if (fate === "died") await first.die();
    const others = fate === "died" ? [startProcess({ heardMs: 1500 }), startProcess({ heardMs: 1500 })] : [];
    await expect.poll(announced, { timeout: 8000 }).toBe(true);
    await deaf.receive(callAround(place));
    await expect.poll(async () => (await rows()).held, { timeout: 8000 }).toEqual([]);
    expect(await counted()).toBe(1);
    expect((await rows()).spans).toEqual(PLAIN);
    await Promise.all([first, deaf, ...others].map((each) => each.die()));
    await assertRollupsMatchRows(database.pool);
  });

  test.each(["lives", "died"])("which has heard that it becomes a call (the process that held it %s)", async (fate) => {
    const place = tracePlace();
    const first = startProcess({ settleMs: fate === "lives" ? 300 : 60_000, heardMs: 1500 });
    await first.receive(requestToModel({ status: 200, place }));
    if (fate === "died") await first.die();
    const others = [startProcess({ heardMs: 1500 }), startProcess({ heardMs: 1500 })];
    await expect.poll(announced, { timeout: 8000 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await Promise.all(others.map((other) => other.receive(callAround(place))));
    await expect.poll(async () => (await rows()).held, { timeout: 8000 }).toEqual([{ promoted: true }]);
    expect(await counted()).toBe(1);
    await Promise.all([first, ...others].map((each) => each.die()));
    await assertRollupsMatchRows(database.pool);
  });
});

describe("the process that held it dies", () => {
  test("others take it over, at once and together, and it is counted once", async () => {
    const first = startProcess({ keeps: false });
    await first.receive(requestToModel({ status: 503 }));
    await first.die();
    const others = [startProcess(), startProcess()];
    await expect.poll(rows, { timeout: 8000 }).toEqual({ spans: [], calls: FAILED, held: [{ promoted: true }] });
    await Promise.all(others.map((other) => other.die()));
    await assertRollupsMatchRows(database.pool);
  });

  test("after it had written the call and before it could say so: it is counted once", async () => {
    const first = startProcess({ settleMs: 200, keeps: false });
    await first.receive(requestToModel({ status: 503 }));
    await expect.poll(async () => (await rows()).calls, { timeout: 5000 }).toEqual(FAILED);
    await first.die();
    await database.pool.query("update genai.held_requests set promoted_at = null, seen_at = now() - interval '1 hour'");
    const other = startProcess();
    await expect.poll(async () => (await rows()).held, { timeout: 5000 }).toEqual([{ promoted: true }]);
    expect((await rows()).calls).toEqual(FAILED);
    await other.die();
    await assertRollupsMatchRows(database.pool);
  });

  test.each(["all", "none"])("a GenAI span that came meanwhile, by another way, stands for it (spans stored: %s)", async (storeSpans) => {
    const place = tracePlace();
    const first = startProcess({ keeps: false, storeSpans });
    await first.receive(requestToModel({ status: 200, place }));
    await first.die();
    // Another process, with a memory of its own.
    const second = startProcess({ keeps: false, storeSpans });
    await second.receive(callAround(place));
    await second.die();
    const other = startProcess({ storeSpans });
    await expect.poll(async () => (await rows()).held, { timeout: 5000 }).toEqual([]);
    expect((await rows()).calls).toMatchObject([{ llm_call: true, status: "completed" }]);
    await other.die();
    await assertRollupsMatchRows(database.pool);
  });

  test("a GenAI span that comes after the takeover, to whichever process, is told that its call is counted", async () => {
    const place: TracePlace = tracePlace();
    const first = startProcess({ keeps: false });
    await first.receive(requestToModel({ status: 200, place }));
    await first.die();
    const [second, third] = [startProcess(), startProcess()];
    await expect.poll(async () => (await rows()).held, { timeout: 5000 }).toEqual([{ promoted: true }]);
    // A round of each, so that the one that did not do it has heard of it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await Promise.all([second.die(), third.die()]);
    await Promise.all([third.receive(callAround(place)), second.receive(callAround(place))]);
    const calls = (await rows()).calls as { llm_call: boolean }[];
    expect(calls.filter(({ llm_call: counted }) => counted)).toHaveLength(1);
    await assertRollupsMatchRows(database.pool);
  });

  test("while one lives it keeps what it holds", async () => {
    const gateway = startProcess();
    await gateway.receive(requestToModel({ status: 503 }));
    const other = startProcess();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await rows()).toEqual({ spans: PLAIN, calls: [], held: [{ promoted: false }] });
    await Promise.all([gateway.die(), other.die()]);
  });
});

test("a request that is not stored as a plain span becomes a call all the same", async () => {
  const first = startProcess({ keeps: false, storeSpans: "none" });
  await first.receive(requestToModel({ status: 503 }));
  await first.die();
  expect(await rows()).toEqual({ spans: [], calls: [], held: [{ promoted: false }] });
  const other = startProcess({ storeSpans: "none" });
  await expect.poll(rows, { timeout: 8000 }).toEqual({ spans: [], calls: FAILED, held: [{ promoted: true }] });
  await other.die();
  await assertRollupsMatchRows(database.pool);
});
