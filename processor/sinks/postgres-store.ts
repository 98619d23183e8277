import { finished } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { countCalls, type CountedDelta } from "../storage/count-calls.ts";
import type { DayPartitions } from "../storage/day-partitions.ts";
import type { Dimensions } from "../storage/dimensions.ts";
import { heldRequestsOf } from "../storage/held-requests.ts";
import { createRollupDelta } from "../storage/rollup-delta.ts";
import { createCopyBuffers } from "./copy-buffers.ts";
import { encodeSpanRows, encodeTraceRows, SPAN_COLUMN_LIST, TRACE_COLUMN_LIST } from "./copy-row.ts";
import { countRows, keyOf, type Rows } from "./postgres-batch.ts";
import { microsOf, readTraceRow } from "./postgres-row.ts";

export interface StoredRows {
  /** Rows that are new in llm_traces. */
  readonly traces: number;
  /** Rows that are new in spans. */
  readonly spans: number;
  readonly duplicates: number;
  /** true: some row was there already, and the batch went through the staging tables. */
  readonly staged: boolean;
}

export interface RowStore {
  /** All rows or none, in one transaction with their rollups. */
  write(rows: Rows): Promise<StoredRows>;
}

export interface RowStoreOptions {
  readonly pool: pg.Pool;
  /** Quoted. */
  readonly schema: string;
  readonly dimensions: Dimensions;
  readonly partitions: DayPartitions;
}

const TABLES = [
  { table: "llm_traces", columns: TRACE_COLUMN_LIST },
  { table: "spans", columns: SPAN_COLUMN_LIST },
] as const;

export function createRowStore({ pool, schema, dimensions, partitions }: RowStoreOptions): RowStore {
  const buffers = createCopyBuffers();
  return {
    async write(rows) {
      if (countRows(rows) === 0 && rows.held.length === 0) return { traces: 0, spans: 0, duplicates: 0, staged: false };
      // Encoded before a connection is taken: the server works on the batches before it meanwhile.
      const memory = buffers.take();
      const delta = createRollupDelta();
      const encoded = [encodeTraceRows(rows.traces, memory.traces, delta.add), encodeSpanRows(rows.spans, memory.spans)];
      const stored = await withConnection(pool, async (client) => {
        await partitions.ensure(client, createdTimes(rows));
        const batch = { schema, rows, encoded, delta, ids: await dimensions.resolve(client, delta) };
        try {
          return await copyDirectly(client, batch);
        } catch (error) {
          if (!isConflict(error)) throw error;
          return copyThroughStaging(client, batch);
        }
      });
      // Not after a failure: a socket may still hold a part of it.
      buffers.giveBack(memory);
      return stored;
    },
  };
}

interface EncodedBatch extends CountedDelta {
  readonly rows: Rows;
  /** In the order of TABLES. */
  readonly encoded: readonly Buffer[];
}

async function copyDirectly(client: pg.ClientBase, batch: EncodedBatch): Promise<StoredRows> {
  await inTransaction(client, async () => {
    for (const [i, { table, columns }] of TABLES.entries())
      await copyInto(client, `${batch.schema}.${table} (${columns})`, batch.encoded[i]);
    await holdRequests(client, batch);
    await countCalls(client, batch);
  });
  return { traces: batch.rows.traces.length, spans: batch.rows.spans.length, duplicates: 0, staged: false };
}

async function copyThroughStaging(client: pg.ClientBase, batch: EncodedBatch): Promise<StoredRows> {
  const { schema, rows, encoded, ids } = batch;
  return inTransaction(client, async () => {
    const inserted: Set<string>[] = [];
    for (const [i, { table, columns }] of TABLES.entries()) {
      // Within the transaction: a connection pooler may give the next one another session.
      await client.query(`create temp table if not exists staged_${table} (like ${schema}.${table}) on commit delete rows`);
      await copyInto(client, `pg_temp.staged_${table} (${columns})`, encoded[i]);
      inserted.push(await insertNew(client, `${schema}.${table}`, `pg_temp.staged_${table}`, columns));
    }
    await holdRequests(client, batch);
    const traces = rows.traces.filter((enriched) => inserted[0]?.has(keyOf(enriched)));
    const spans = inserted[1]?.size ?? 0;
    const delta = createRollupDelta();
    for (const enriched of traces) delta.add(readTraceRow(enriched));
    await countCalls(client, { schema, delta, ids });
    return { traces: traces.length, spans, duplicates: countRows(rows) - traces.length - spans, staged: true };
  });
}

async function holdRequests(client: pg.ClientBase, { schema, rows: { held } }: EncodedBatch): Promise<void> {
  if (held.length > 0) await heldRequestsOf(schema).hold(client, held);
}

/** Keys of the rows that were new. Waits for a transaction that is storing the same rows at this moment. */
async function insertNew(client: pg.ClientBase, target: string, staged: string, columns: string): Promise<Set<string>> {
  const { rows } = await client.query<{ key: string }>(
    `insert into ${target} (${columns}) select ${columns} from ${staged} order by created_at, span_id, trace_id on conflict do nothing
     returning (extract(epoch from created_at) * 1000000)::bigint || ' ' || span_id || ' ' || trace_id as key`,
  );
  return new Set(rows.map(({ key }) => key));
}

async function copyInto(client: pg.ClientBase, target: string, encoded: Buffer | undefined): Promise<void> {
  if (encoded === undefined || encoded.length <= EMPTY_COPY_BYTES) return;
  const stream = client.query(copyFrom(`copy ${target} from stdin (format binary)`));
  // The stream may fail a second time when its connection is gone already; the first failure is the one that is thrown.
  stream.on("error", () => undefined);
  stream.end(encoded);
  await finished(stream);
}

/** Header and trailer alone. */
const EMPTY_COPY_BYTES = 21;

function* createdTimes({ traces, spans }: Rows): Iterable<number> {
  for (const { span } of traces) yield microsOf(span.startMs);
  for (const { span } of spans) yield microsOf(span.startMs);
}

async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    // Where this fails too the connection is broken, and withConnection throws it away.
    await client.query("rollback");
    throw error;
  }
}

/** A connection that saw anything but a judgement on our rows is in an unknown state: it is closed. */
async function withConnection<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    const result = await work(client);
    client.release();
    return result;
  } catch (error) {
    client.release(!isDataError(error));
    throw error;
  }
}

/** unique_violation: some row is there already. deadlock_detected, serialization_failure: two batches with the same rows met. */
const CONFLICTS = new Set(["23505", "40P01", "40001"]);

/** Of a distributed table the unique_violation arrives as an internal_error with its text (Citus, ReportCopyError). */
const isDistributedConflict = ({ code, message }: pg.DatabaseError): boolean =>
  code === "XX000" && message.startsWith("duplicate key value");

function isConflict(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (CONFLICTS.has(error.code ?? "") || isDistributedConflict(error));
}

/** data_exception (22), integrity constraint (23), program_limit_exceeded (54): what PostgreSQL says about a value, and will say again. */
export function isDataError(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && /^(?:22|23|54)/.test(error.code ?? "");
}
