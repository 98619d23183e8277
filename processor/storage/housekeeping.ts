import type pg from "pg";
import { createDay, dayWindow } from "./day-partitions.ts";
import { DEFAULT_SCHEMA, PARTITION_DAYS_AHEAD } from "./migrate.ts";

export interface HousekeepingOptions {
  /** "genai" by default. */
  readonly schema?: string;
  /** Days that rows are kept, today not counted. */
  readonly retentionDays: number;
  readonly nowMs: number;
}

/** What was done; null where another process keeps house at this moment. */
export interface HouseKept {
  /** Days that got their partitions. */
  readonly daysMade: number;
  /** Days whose partitions were dropped. */
  readonly daysDropped: number;
  /** Rows and rollups deleted one by one: beyond the retention, in tables that have no partitions. */
  readonly deleted: number;
}

const DAY_MS = 86_400_000;
/** Hours and days are small and tell of trends: kept this long, however short the rows live. Minutes and users go with the rows. */
export const ROLLUP_DAYS_MIN = 400;
/** Rows of one DELETE: a statement stays short, and its locks too. */
const DELETE_ROWS_MAX = 10_000;
/** Dropping a partition waits for readers, and everybody else then waits for us: rather try again in an hour. */
const LOCK_MS_MAX = 2_000;

/**
 * Makes the partitions of the coming days, moves late rows into their own day, and removes what is older than the retention:
 * whole days by DROP. Any number of processes may call it: one works, the others answer null at once.
 */
export async function keepHouse(client: pg.ClientBase, options: HousekeepingOptions): Promise<HouseKept | null> {
  const schema = client.escapeIdentifier(options.schema ?? DEFAULT_SCHEMA);
  const lock = `hashtext('genai-otel housekeeping'), hashtext(${client.escapeLiteral(schema)})`;
  const { rows } = await client.query<{ mine: boolean }>(`select pg_try_advisory_lock(${lock}) as mine`);
  if (rows[0]?.mine !== true) return null;
  try {
    const window = dayWindow(options.nowMs, options.retentionDays);
    const daysMade = await makeDays(client, schema, window);
    const daysDropped = await dropDays(client, schema, window.first);
    const deleted = await deleteBeyond(client, schema, options);
    return { daysMade, daysDropped, deleted };
  } finally {
    await client.query(`select pg_advisory_unlock(${lock})`);
  }
}

interface Window {
  /** Day numbers since 1970. */
  readonly first: number;
  readonly last: number;
}

/** The coming days, and the days of rows that wait in the default partitions. */
async function makeDays(client: pg.ClientBase, schema: string, { first, last }: Window): Promise<number> {
  const wanted = new Set<number>();
  for (let day = last - PARTITION_DAYS_AHEAD; day <= last + 1; day += 1) wanted.add(day);
  for (const table of ["llm_traces_default", "spans_default"]) {
    const { rows } = await client.query<{ day: number }>(
      `select distinct floor(extract(epoch from created_at) / 86400)::integer as day from ${schema}.${table}
       where created_at >= to_timestamp($1::bigint * 86400) and created_at < to_timestamp(($2::bigint + 1) * 86400)`,
      [first, last],
    );
    for (const { day } of rows) wanted.add(day);
  }
  const present = new Set((await listDays(client, schema)).map(({ day }) => day));
  let made = 0;
  for (const day of wanted) if (!present.has(day) && (await createDay(client, schema, day))) made += 1;
  return made;
}

interface DayPartition {
  readonly table: string;
  readonly day: number;
}

async function listDays(client: pg.ClientBase, schema: string): Promise<DayPartition[]> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent in ('${schema}.llm_traces'::regclass, '${schema}.spans'::regclass) and c.relname ~ '_[0-9]{8}$'`,
  );
  return rows.map(({ name }) => ({ table: name, day: dayOf(name.slice(-8)) }));
}

/** "20261124" as a day number. */
const dayOf = (digits: string): number =>
  Date.UTC(Number(digits.slice(0, 4)), Number(digits.slice(4, 6)) - 1, Number(digits.slice(6))) / DAY_MS;

async function dropDays(client: pg.ClientBase, schema: string, firstKept: number): Promise<number> {
  const old = (await listDays(client, schema)).filter(({ day }) => day < firstKept);
  const dropped = new Set<number>();
  for (const { table, day } of old.sort((a, b) => a.day - b.day)) {
    if (await dropTable(client, `${schema}.${client.escapeIdentifier(table)}`)) dropped.add(day);
  }
  return dropped.size;
}

/** SQLSTATE lock_not_available. */
const LOCKED = "55P03";

async function dropTable(client: pg.ClientBase, table: string): Promise<boolean> {
  await client.query("begin");
  try {
    await client.query(`set local lock_timeout = ${LOCK_MS_MAX}`);
    await client.query(`drop table ${table}`);
    await client.query("commit");
    return true;
  } catch (error) {
    await client.query("rollback");
    if ((error as { code?: string }).code === LOCKED) return false;
    throw error;
  }
}

async function deleteBeyond(client: pg.ClientBase, schema: string, { retentionDays, nowMs }: HousekeepingOptions): Promise<number> {
  const rollupDays = Math.max(ROLLUP_DAYS_MIN, retentionDays);
  const tables: readonly (readonly [table: string, column: string, days: number])[] = [
    ["rollup_minute", "bucket", retentionDays],
    ["histogram_minute", "bucket", retentionDays],
    ["user_hour", "bucket", retentionDays],
    ["user_day", "bucket", retentionDays],
    ["gateway_samples", "sampled_at", retentionDays],
    ["rollup_hour", "bucket", rollupDays],
    ["histogram_hour", "bucket", rollupDays],
    ["rollup_day", "bucket", rollupDays],
    ["histogram_day", "bucket", rollupDays],
  ];
  const today = Math.floor(nowMs / DAY_MS);
  let deleted = 0;
  for (const table of ["llm_traces_default", "spans_default"])
    deleted += await deleteRows(client, `${schema}.${table}`, { first: today - retentionDays, last: today + retentionDays });
  for (const [table, column, days] of tables) {
    deleted += await deleteOutside(client, { table: `${schema}.${table}`, column, first: today - days, last: today + days });
  }
  return deleted;
}

/** Rows of wild clocks, which nobody changes: few, and no lock that anybody waits for. */
async function deleteRows(client: pg.ClientBase, table: string, { first, last }: Window): Promise<number> {
  const { rowCount } = await client.query(
    `delete from ${table} where created_at < to_timestamp($1::bigint * 86400) or created_at >= to_timestamp(($2::bigint + 1) * 86400)`,
    [first, last],
  );
  return rowCount ?? 0;
}

interface Kept {
  readonly table: string;
  readonly column: string;
  readonly first: number;
  readonly last: number;
}

async function deleteOutside(client: pg.ClientBase, { table, column, first, last }: Kept): Promise<number> {
  // SKIP LOCKED: a late batch that counts into an old minute just now must not wait for us, nor we for it.
  const sql = `delete from ${table} where ctid = any(array(
    select ctid from ${table} where ${column} < to_timestamp($1::bigint * 86400) or ${column} >= to_timestamp(($2::bigint + 1) * 86400)
    limit ${DELETE_ROWS_MAX} for update skip locked))`;
  for (let deleted = 0; ;) {
    const { rowCount } = await client.query(sql, [first, last]);
    deleted += rowCount ?? 0;
    if ((rowCount ?? 0) < DELETE_ROWS_MAX) return deleted;
  }
}
