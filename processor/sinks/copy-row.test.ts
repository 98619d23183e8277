import fc from "fast-check";
import { finished } from "node:stream/promises";
import { from as copyFrom } from "pg-copy-streams";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../../test/support/database.ts";
import { COPY_HEADER, COPY_TRAILER, CopyBuffer } from "./copy-buffer.ts";
import { SPAN_COLUMN_LIST, TRACE_COLUMN_LIST } from "./copy-row.ts";
import { RowsWriter } from "./rows-writer.ts";
import type { EnrichedSpan } from "./sink.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await database.pool.query(
    "create table copied (n integer, words text, money double precision, amount bigint, small integer, flag boolean, at timestamptz, more jsonb)",
  );
  await database.pool.query("create table inserted (like copied)");
});
afterAll(() => database.drop());

async function copy(target: string, bytes: Buffer): Promise<void> {
  const client = await database.pool.connect();
  try {
    const stream = client.query(copyFrom(`copy ${target} from stdin (format binary)`));
    stream.end(bytes);
    await finished(stream);
  } finally {
    client.release();
  }
}

const streamOf = (rows: Buffer): Buffer => Buffer.concat([COPY_HEADER, rows, COPY_TRAILER]);

function rowOf(enriched: EnrichedSpan): Buffer {
  const writer = new RowsWriter(null);
  writer.begin(null);
  writer.add(enriched);
  return streamOf(writer.end().bytes);
}

/** Any UTF-16, half surrogate pairs and NUL included: what JavaScript can hold. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.string({ unit: "grapheme", maxLength: 80 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom(
    "",
    "\0",
    "a\0b",
    "\ud800",
    "x\udc00y",
    "😀",
    "\\x00",
    "\\N",
    "\t\n\r\b\f\v",
    "'\"",
    "x".repeat(3000),
    "é".repeat(28),
    "é".repeat(29),
  ),
);
const anyJson = fc.json({ maxDepth: 4 }).filter((text) => !text.includes("\\u0000") && !/\\ud[89a-f]/i.test(text));
const anyRow = fc.record({
  words: fc.option(anyText),
  money: fc.option(fc.double({ noNaN: false })),
  amount: fc.option(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), -1, 0))),
  small: fc.option(fc.integer()),
  flag: fc.option(fc.boolean()),
  micros: fc.integer({ min: 0, max: 7_258_118_400_000_000 }),
  more: anyJson,
});

/** What PostgreSQL is asked to hold, by the reference way in: a parameterised INSERT. */
const storable = (text: string | null): string | null => text?.replaceAll("\0", "").replaceAll(/\p{Surrogate}/gu, "\ufffd") ?? null;
const finite = (value: number | null): number | null => (value !== null && Number.isFinite(value) ? value : null);

test("any text, number, time and JSON that is copied is what an INSERT of the same value holds", async () => {
  const rows = fc.sample(anyRow, { numRuns: 1500, seed: 42 });
  const memory = Buffer.alloc(4 * 1024 * 1024);
  const out = new CopyBuffer(memory);
  for (const [n, row] of rows.entries()) {
    out.startRow(8);
    out.int4(n);
    out.text(row.words);
    out.float8(row.money);
    out.int8(row.amount);
    out.int4(row.small);
    out.boolean(row.flag);
    out.timestamp(row.micros);
    out.jsonb(Buffer.from(row.more));
  }
  await copy("copied", streamOf(memory.subarray(0, out.length)));
  await database.pool.query(
    `insert into inserted select n, words, money, amount, small, flag, timestamptz 'epoch' + make_interval(secs => (micros / 1000000)::float8) + (micros % 1000000) * interval '1 microsecond', more
     from unnest($1::integer[], $2::text[], $3::float8[], $4::bigint[], $5::integer[], $6::boolean[], $7::bigint[], $8::jsonb[]) r (n, words, money, amount, small, flag, micros, more)`,
    [
      rows.map((_, n) => n),
      rows.map(({ words }) => storable(words)),
      rows.map(({ money }) => finite(money)),
      rows.map(({ amount }) => amount),
      rows.map(({ small }) => small),
      rows.map(({ flag }) => flag),
      rows.map(({ micros }) => micros),
      rows.map(({ more }) => more),
    ],
  );
  const { rows: differences } = await database.pool.query(
    "(select 'copied', * from (table copied except table inserted) c) union all (select 'inserted', * from (table inserted except table copied) i) order by 2 limit 6",
  );
  expect(differences).toEqual([]);
  expect((await database.pool.query("select count(*)::int as n from copied")).rows).toEqual([{ n: rows.length }]);
});

const span: EnrichedSpan["span"] = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  name: "chat gpt-5.2",
  kind: 3,
  startMs: 1_795_500_000_123.456,
  endMs: 1_795_500_002_623.456,
  statusCode: 2,
  statusMessage: "",
  scopeName: "genai-otel",
  scopeVersion: "1",
  attributes: {
    "user.id": "u1",
    "session.id": "c1",
    "gen_ai.agent.name": "a1",
    "gen_ai.tool.name": "t1",
    "http.response.status_code": 503,
  },
  events: [{ name: "exception", timeMs: 1, attributes: { "exception.message": "overloaded" } }],
  resource: { "service.name": "checkout", "deployment.environment": "staging" },
};
const enrichment = {
  llm_call: true,
  "gen_ai.provider.name": "openai",
  "gen_ai.operation.name": "chat",
  "gen_ai.request.model": "gpt-5.2",
  "gen_ai.response.model": "gpt-5.2-2026",
  "gen_ai.usage.input_tokens": 10,
  "gen_ai.usage.output_tokens": 20,
  "gen_ai.usage.cache_read.input_tokens": 3,
  "gen_ai.usage.cache_write.input_tokens": 4,
  "gen_ai.usage.reasoning.output_tokens": 5,
  "gen_ai.response.time_to_first_chunk": 0.25,
  "error.type": "503",
  "http.response.status_code": 529,
  error_category: "model_overloaded",
  error_retryable: true,
  error_retry_after_ms: 10_000,
  retry_count: 2,
  retry_reason: "timeout",
  retry_wait_ms: 700.5,
  retry_of: "1111111111111111",
  cost_usd: 0.5,
  cost_input_usd: 0.1,
  cost_cache_read_usd: 0.11,
  cost_cache_write_usd: 0.12,
  cost_output_usd: 0.17,
  cost_without_cache_usd: 0.6,
  cache_savings_usd: 0.1,
  cache_hit_ratio: 0.3,
  cost_status: "priced",
  price_date: "2026-11-01",
  output_tokens_per_second: 8,
};

test("every column of llm_traces holds what it is named after", async () => {
  const enriched = { span, enrichment, attributesJson: Buffer.from('{"kept": 1}') };
  await copy(`genai.llm_traces (${TRACE_COLUMN_LIST})`, rowOf(enriched));
  const { rows } = await database.pool.query("select * from genai.llm_traces");
  expect(rows).toEqual([
    {
      trace_id: span.traceId,
      span_id: span.spanId,
      parent_span_id: span.parentSpanId,
      name: "chat gpt-5.2",
      created_at: new Date(1_795_500_000_123),
      duration_ms: 2500,
      service_name: "checkout",
      environment: "staging",
      scope_name: "genai-otel",
      operation: "chat",
      llm_call: true,
      model_provider: "openai",
      model: "gpt-5.2",
      response_model: "gpt-5.2-2026",
      status: "failed",
      error_message: "overloaded",
      error_type: "503",
      error_category: "model_overloaded",
      error_retryable: true,
      error_retry_after_ms: 10_000,
      http_status: 529,
      retry_count: 2,
      retry_reason: "timeout",
      retry_wait_ms: 700.5,
      retry_of: "1111111111111111",
      input_tokens: "10",
      output_tokens: "20",
      total_tokens: "30",
      cache_read_input_tokens: "3",
      cache_creation_input_tokens: "4",
      reasoning_tokens: "5",
      cost_usd: 0.5,
      cost_input_usd: 0.1,
      cost_cache_read_usd: 0.11,
      cost_cache_write_usd: 0.12,
      cost_output_usd: 0.17,
      cost_without_cache_usd: 0.6,
      cache_savings_usd: 0.1,
      cache_hit_ratio: 0.3,
      cost_status: "priced",
      price_date: "2026-11-01",
      ttft_ms: 250,
      output_tokens_per_second: 8,
      user_id: "u1",
      conversation_id: "c1",
      agent_name: "a1",
      tool_name: "t1",
      attributes: { kept: 1 },
    },
  ]);
  const { rows: micros } = await database.pool.query(
    "select extract(microseconds from created_at)::int % 1000000 as micros from genai.llm_traces",
  );
  expect(micros).toEqual([{ micros: 123_456 }]);
});

test("every column of spans holds what it is named after", async () => {
  const enriched = { span: { ...span, statusCode: 0 }, enrichment: null, attributesJson: Buffer.from('{"kept": 1}') };
  await copy(`genai.spans (${SPAN_COLUMN_LIST})`, rowOf(enriched));
  expect((await database.pool.query("select * from genai.spans")).rows).toEqual([
    {
      trace_id: span.traceId,
      span_id: span.spanId,
      parent_span_id: span.parentSpanId,
      name: "chat gpt-5.2",
      created_at: new Date(1_795_500_000_123),
      duration_ms: 2500,
      kind: "client",
      service_name: "checkout",
      environment: "staging",
      scope_name: "genai-otel",
      status: "completed",
      error_message: null,
      http_status: 503,
      attributes: { kept: 1 },
    },
  ]);
});

test("a newer schema with more columns still takes the rows of an older gateway", async () => {
  await database.pool.query("alter table genai.llm_traces add column added_later text not null default 'later'");
  await database.pool.query("alter table genai.rollup_minute add column added_later bigint not null default 0");
  const later = { span: { ...span, spanId: "2222222222222222" }, enrichment, attributesJson: Buffer.from("{}") };
  await copy(`genai.llm_traces (${TRACE_COLUMN_LIST})`, rowOf(later));
  await database.pool.query(
    `select genai.count_calls('[{"bucket": "2026-11-24T00:00:00Z", "series_id": 1, "outcome_id": 1, "calls": 1, "unknown_to_this_schema": 5}]')`,
  );
  const { rows } = await database.pool.query("select added_later from genai.llm_traces where span_id = '2222222222222222'");
  expect(rows).toEqual([{ added_later: "later" }]);
  expect((await database.pool.query("select calls, retries from genai.rollup_day")).rows).toEqual([{ calls: "1", retries: "0" }]);
});
