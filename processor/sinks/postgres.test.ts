import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { assertRollupsMatchRows } from "../../test/support/assert-rollups.ts";
import { createDatabase, type TestDatabase } from "../../test/support/database.ts";
import { batchOf, spanTraffic } from "../../test/support/enriched-spans.ts";
import { postgresSink, type PostgresSinkOptions, type RefusedRow, type StoredBatch } from "./postgres.ts";
import type { EnrichedSpan, Sink } from "./sink.ts";

let database: TestDatabase;
const open: Sink[] = [];

beforeEach(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((sink) => sink.close()));
  await database.drop();
});

interface Recorder {
  readonly sink: Sink;
  readonly stored: StoredBatch[];
  readonly refused: RefusedRow[];
}

function openSink(options: Partial<PostgresSinkOptions> = {}): Recorder {
  const stored: StoredBatch[] = [];
  const refused: RefusedRow[] = [];
  const sink = postgresSink({
    url: database.url,
    onStored: (batch) => stored.push(batch),
    onRefused: (row) => refused.push(row),
    ...options,
  });
  open.push(sink);
  return { sink, stored, refused };
}

async function count(table: string, where = "true"): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(`select count(*)::int as n from genai.${table} where ${where}`);
  return rows[0]?.n ?? -1;
}

const withAttributes = (span: EnrichedSpan, json: string): EnrichedSpan => ({ ...span, attributesJson: Buffer.from(json) });
const startingAt = (span: EnrichedSpan, startMs: number): EnrichedSpan => ({
  ...span,
  span: { ...span.span, startMs, endMs: startMs + 100 },
});

test("a batch becomes rows of both tables and rollups that are a recount of them", async () => {
  const { sink, stored } = openSink();
  const spans = spanTraffic({ count: 3000, genaiShare: 0.4, spreadMs: 3 * 3_600_000, startMs: Date.now() - 4 * 3_600_000 });
  await sink.write(batchOf(spans));
  const genai = spans.filter(({ enrichment }) => enrichment !== null).length;
  expect(await count("llm_traces")).toBe(genai);
  expect(await count("spans")).toBe(spans.length - genai);
  expect(stored).toMatchObject([{ traces: genai, spans: spans.length - genai, duplicates: 0, staged: false, refused: 0 }]);
  await assertRollupsMatchRows(database.pool);
});

describe("every span is stored and counted once", () => {
  test("the same batch five times from two gateways at once", async () => {
    const gateways = [openSink(), openSink()];
    const spans = spanTraffic({ count: 2000, genaiShare: 0.5 });
    const shuffled = [...spans].reverse();
    await Promise.all([0, 1, 0, 1, 0].map(async (i) => gateways[i]?.sink.write(batchOf(i === 0 ? spans : shuffled))));
    expect((await count("llm_traces")) + (await count("spans"))).toBe(spans.length);
    const all = gateways.flatMap(({ stored }) => stored);
    expect(all.reduce((sum, { traces, spans: others }) => sum + traces + others, 0)).toBe(spans.length);
    expect(all.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(4 * spans.length);
    await assertRollupsMatchRows(database.pool);
  });

  test("overlapping batches from eight writers, and a span twice in one batch", async () => {
    const { sink } = openSink({ connections: 8 });
    const spans = spanTraffic({ count: 1600, genaiShare: 0.7 });
    const windows = Array.from({ length: 8 }, (_, i) => spans.slice(i * 150, i * 150 + 550));
    await Promise.all(windows.map((window) => sink.write(batchOf([...window, ...window.slice(0, 5)]))));
    const distinct = new Set(windows.flat().map(({ span }) => span.spanId)).size;
    expect((await count("llm_traces")) + (await count("spans"))).toBe(distinct);
    await assertRollupsMatchRows(database.pool);
  });

  test("connections that the server ends in the middle of COPY: the batch is sent again until it is taken", async () => {
    const { sink } = openSink({ connections: 2 });
    const batches = Array.from({ length: 6 }, (_, i) => spanTraffic({ count: 2000, seed: i + 1, genaiShare: 0.6 }));
    let failures = 0;
    let writing = true;
    const killer = (async () => {
      while (writing) {
        await database.pool.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'genai-otel' and state = 'active' and random() < 0.5 and datname = current_database()",
        );
        await sleep(15);
      }
    })();
    const writeUntilTaken = async (spans: EnrichedSpan[]): Promise<void> => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await sink.write(batchOf(spans));
        } catch (error) {
          failures += 1;
          // After enough of it the killer stops: the point is made, and the test has to end.
          if (failures > 15) writing = false;
          if (attempt > 50) throw error;
        }
      }
    };
    await Promise.all(batches.map(writeUntilTaken));
    writing = false;
    await killer;
    expect(failures).toBeGreaterThan(0);
    expect((await count("llm_traces")) + (await count("spans"))).toBe(12_000);
    await assertRollupsMatchRows(database.pool);
  });
});

describe("one odd span does not make the others fail", () => {
  test.each([
    ["no JSON", "{"],
    ["a NUL", String.raw`{"a":"\u0000"}`],
    ["half a surrogate pair", String.raw`{"a":"\ud800"}`],
    ["bytes that are not UTF-8", "\xff\xfe"],
  ])("attributes that are %s: the row is kept without them", async (_, json) => {
    const { sink, stored, refused } = openSink();
    const spans = spanTraffic({ count: 500 });
    spans[137] = { ...withAttributes(spans[137] as EnrichedSpan, json), attributesJson: Buffer.from(json, "latin1") };
    await sink.write(batchOf(spans));
    expect(await count("llm_traces")).toBe(500);
    expect(refused).toEqual([]);
    expect(stored.at(-1)).toMatchObject({ traces: 500, refused: 0 });
    expect(await count("llm_traces", "attributes ? 'genai_otel.attributes_refused'")).toBe(1);
    await assertRollupsMatchRows(database.pool);
  });

  test("a row that is refused in every form is set aside and told of; the others are stored and counted", async () => {
    await database.pool.query("alter table genai.llm_traces add constraint refusing check (conversation_id is distinct from 'poison')");
    const { sink, stored, refused } = openSink();
    const spans = spanTraffic({ count: 500, genaiShare: 0.8 });
    const at = spans.findIndex(({ enrichment }, i) => i > 200 && enrichment !== null);
    const poisoned = spans[at] as EnrichedSpan;
    spans[at] = { ...poisoned, span: { ...poisoned.span, attributes: { ...poisoned.span.attributes, "session.id": "poison" } } };
    await sink.write(batchOf(spans));
    expect((await count("llm_traces")) + (await count("spans"))).toBe(499);
    expect(refused).toEqual([
      { traceId: poisoned.span.traceId, spanId: poisoned.span.spanId, code: "23514", message: expect.stringContaining("refusing") },
    ]);
    expect(stored).toMatchObject([{ refused: 1 }]);
    await assertRollupsMatchRows(database.pool);
  });

  test("clocks years off: each span has its row, days within the retention their own partition", async () => {
    const { sink } = openSink({ retentionDays: 60 });
    const now = Date.now();
    const starts = [
      0,
      86_400_000,
      now - 20 * 365 * 86_400_000,
      now - 40 * 86_400_000,
      now + 86_400_000,
      now + 40 * 365 * 86_400_000,
      Number.NaN,
      1e300,
      -5,
    ];
    const spans = spanTraffic({ count: starts.length * 2, genaiShare: 0.5 }).map((span, i) =>
      startingAt(span, starts[i % starts.length] as number),
    );
    await sink.write(batchOf(spans));
    await sink.write(batchOf(spans));
    expect((await count("llm_traces")) + (await count("spans"))).toBe(spans.length);
    const late = new Date(now - 40 * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "");
    expect((await count(`llm_traces_${late}`)) + (await count(`spans_${late}`))).toBe(2);
    await assertRollupsMatchRows(database.pool);
  });

  test("a span of 10 MB is stored with its texts cut and its counters whole", async () => {
    const { sink } = openSink();
    const [span] = spanTraffic({ count: 1 }) as [EnrichedSpan];
    await sink.write(
      batchOf([withAttributes(span, JSON.stringify({ small: "kept", large: "x".repeat(10_000_000), many: [{ deep: "y".repeat(9000) }] }))]),
    );
    const { rows } = await database.pool.query(
      "select octet_length(attributes::text) as bytes, attributes->>'small' as small, attributes ? 'genai_otel.attributes_cut_bytes' as marked, llm_call from genai.llm_traces",
    );
    expect(rows).toEqual([{ bytes: expect.any(Number), small: "kept", marked: true, llm_call: true }]);
    expect(rows[0].bytes).toBeLessThan(10_000);
  });

  test("numbers that cannot be are no numbers of the call", async () => {
    const { sink } = openSink();
    const spans = spanTraffic({ count: 4 });
    const bad = [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e308];
    const odd = spans.map((span, i) => ({
      ...span,
      enrichment: {
        ...span.enrichment,
        "gen_ai.usage.input_tokens": bad[i] as number,
        cost_usd: (bad[i] as number) * 1e10,
        retry_count: bad[i] as number,
      },
    }));
    await sink.write(batchOf(odd));
    expect(await count("llm_traces")).toBe(4);
    expect(await count("llm_traces", "input_tokens is null and retry_count is null")).toBe(4);
    await assertRollupsMatchRows(database.pool);
  });
});

test("which other spans are stored: all, those of GenAI traces, none", async () => {
  const [call] = spanTraffic({ count: 1 }) as [EnrichedSpan];
  const [near, far] = spanTraffic({ count: 2, genaiShare: 0, seed: 9 }) as [EnrichedSpan, EnrichedSpan];
  const sameTrace = { ...near, span: { ...near.span, traceId: call.span.traceId } };
  for (const [storeSpans, expected] of [
    ["none", 0],
    ["genai", 1],
    ["all", 2],
  ] as const) {
    await openSink({ storeSpans }).sink.write(batchOf([call, sameTrace, far]));
    expect(await count("spans")).toBe(expected);
  }
  expect(await count("llm_traces")).toBe(1);
});

test("an HTTP span that is counted as a call later stands once in its trace", async () => {
  const { sink } = openSink();
  const [call] = spanTraffic({ count: 1 }) as [EnrichedSpan];
  await sink.write(batchOf([{ ...call, enrichment: null }]));
  expect(await count("spans")).toBe(1);
  await sink.write(batchOf([call]));
  await sink.write(batchOf([{ ...call, enrichment: null }]));
  expect(await count("llm_traces", "llm_call")).toBe(1);
  const { rows } = await database.pool.query("select genai, llm_call from genai.trace_spans where trace_id = $1", [call.span.traceId]);
  expect(rows).toEqual([{ genai: true, llm_call: true }]);
  await assertRollupsMatchRows(database.pool);
});

test("a database that is away makes the write fail, and the next one work", async () => {
  const { sink } = openSink();
  const spans = spanTraffic({ count: 10 });
  await database.pool.query("alter table genai.llm_traces rename to away");
  await expect(sink.write(batchOf(spans))).rejects.toThrow("llm_traces");
  await database.pool.query("alter table genai.away rename to llm_traces");
  await sink.write(batchOf(spans));
  expect(await count("llm_traces")).toBe(10);
});
