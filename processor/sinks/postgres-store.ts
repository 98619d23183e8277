import pg from "pg";
import { countCalls, countCallsText, type CountedDelta } from "../storage/count-calls.ts";
import type { DayPartitions } from "../storage/day-partitions.ts";
import type { Dimensions } from "../storage/dimensions.ts";
import { heldRequestsOf } from "../storage/held-requests.ts";
import { createRollupDelta, type RollupDelta } from "../storage/rollup-delta.ts";
import { createCopyMemories } from "./copy-memory.ts";
import { queryWithCopies } from "./copy-query.ts";
import { SPAN_COLUMN_LIST, TRACE_COLUMN_LIST } from "./copy-row.ts";
import { type EncodedRows, TABLE } from "./encoded-rows.ts";
import { type MergedRows, type MergedTable, mergeRows } from "./merge-rows.ts";
import { createRowChoice, type SpansStored } from "./postgres-batch.ts";

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
  write(parts: readonly EncodedRows[]): Promise<StoredRows>;
}

export interface RowStoreOptions {
  readonly pool: pg.Pool;
  /** Quoted. */
  readonly schema: string;
  readonly storeSpans: SpansStored;
  readonly dimensions: Dimensions;
  readonly partitions: DayPartitions;
}

/** In the order of TABLE. */
const TABLES = [
  { table: "llm_traces", columns: TRACE_COLUMN_LIST },
  { table: "spans", columns: SPAN_COLUMN_LIST },
] as const;

const NOTHING_STORED: StoredRows = { traces: 0, spans: 0, duplicates: 0, staged: false };

export function createRowStore({ pool, schema, storeSpans, dimensions, partitions }: RowStoreOptions): RowStore {
  const memories = createCopyMemories();
  const chooseRows = createRowChoice(storeSpans);
  return {
    async write(parts) {
      // Merged before a connection is taken: the server works on the batches before it meanwhile.
      const memory = memories();
      const rows = mergeRows(parts, chooseRows(parts), memory);
      if (rows.tables.every(({ count }) => count === 0) && rows.held.length === 0) return { ...NOTHING_STORED, duplicates: rows.repeated };
      const stored = await withConnection(pool, async (client) => {
        await partitions.ensure(
          client,
          rows.tables.flatMap(({ days }) => days),
        );
        const batch = { schema, rows, delta: rows.delta, ids: await dimensions.resolve(client, rows.delta) };
        try {
          return await copyDirectly(client, batch);
        } catch (error) {
          if (!isConflict(error)) throw error;
          return copyThroughStaging(client, batch);
        }
      });
      // Not after a failure: a socket may still hold a part of it.
      memory.giveBack();
      return { ...stored, duplicates: stored.duplicates + rows.repeated };
    },
  };
}

interface MergedBatch extends CountedDelta {
  readonly rows: MergedRows;
}

/** In one round trip, unless something is to be held. */
async function copyDirectly(client: pg.ClientBase, batch: MergedBatch): Promise<StoredRows> {
  const { schema, rows } = batch;
  const copies = TABLES.flatMap(({ table, columns }, index) => {
    const messages = messagesOf(rows.tables[index]);
    return messages === null ? [] : [{ text: copyText(`${schema}.${table} (${columns})`), messages }];
  });
  const texts = copies.map(({ text }) => text);
  const messages = copies.map((copy) => copy.messages);
  const count = countCallsText(batch) ?? [];
  if (rows.held.length === 0) await queryWithCopies(client, texts.concat(count).join("; "), messages);
  else
    await inTransaction(client, async () => {
      if (texts.length > 0) await queryWithCopies(client, texts.join("; "), messages);
      await holdRequests(client, batch);
      await countCalls(client, batch);
    });
  const [traces, spans] = rows.tables;
  return { traces: traces?.count ?? 0, spans: spans?.count ?? 0, duplicates: 0, staged: false };
}

const copyText = (target: string): string => `copy ${target} from stdin (format binary)`;

const messagesOf = (table: MergedTable | undefined): Buffer | null => (table === undefined || table.count === 0 ? null : table.messages);

async function copyThroughStaging(client: pg.ClientBase, batch: MergedBatch): Promise<StoredRows> {
  const { schema, rows, ids } = batch;
  return inTransaction(client, async () => {
    const inserted: (readonly string[])[] = [];
    for (const [i, { table, columns }] of TABLES.entries()) {
      // Within the transaction: a connection pooler may give the next one another session.
      await client.query(`create temp table if not exists staged_${table} (like ${schema}.${table}) on commit delete rows`);
      const messages = messagesOf(rows.tables[i]);
      if (messages !== null) await queryWithCopies(client, copyText(`pg_temp.staged_${table} (${columns})`), [messages]);
      inserted.push(await insertNew(client, `${schema}.${table}`, `pg_temp.staged_${table}`, columns));
    }
    await holdRequests(client, batch);
    const [traces = [], spans = []] = inserted;
    await countCalls(client, { schema, delta: deltaOf(rows.tables[TABLE.traces], traces), ids });
    const sent = rows.tables.reduce((sum, { count }) => sum + count, 0);
    return { traces: traces.length, spans: spans.length, duplicates: sent - traces.length - spans.length, staged: true };
  });
}

/** Of those rows alone that were new. */
function deltaOf(table: MergedTable | undefined, inserted: readonly string[]): RollupDelta {
  const delta = createRollupDelta();
  const rowsByKey = table?.rowsByKey();
  for (const key of inserted) rowsByKey?.get(key)?.(delta);
  return delta;
}

async function holdRequests(client: pg.ClientBase, { schema, rows: { held } }: MergedBatch): Promise<void> {
  if (held.length > 0) await heldRequestsOf(schema).hold(client, held);
}

/** Keys of the rows that were new. Waits for a transaction that is storing the same rows at this moment. */
async function insertNew(client: pg.ClientBase, target: string, staged: string, columns: string): Promise<string[]> {
  const { rows } = await client.query<{ key: string }>(
    `insert into ${target} (${columns}) select ${columns} from ${staged} order by created_at, span_id, trace_id on conflict do nothing
     returning (extract(epoch from created_at) * 1000000)::bigint || ' ' || span_id || ' ' || trace_id as key`,
  );
  return rows.map(({ key }) => key);
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
