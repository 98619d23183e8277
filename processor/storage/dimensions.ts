import type pg from "pg";
import { outcomeKey, type RollupDelta } from "./rollup-delta.ts";

/** Numbers of the dimension rows that a delta names. */
export interface DimensionIds {
  readonly series: ReadonlyMap<string, number>;
  /** By outcomeKey. */
  readonly outcomes: ReadonlyMap<string, number>;
}

export interface Dimensions {
  /**
   * Makes missing rows. Call it outside a transaction: a number that is kept here must not be rolled back, and a row without
   * calls does no harm.
   */
  resolve(client: pg.ClientBase, delta: RollupDelta): Promise<DimensionIds>;
}

/** The numbers of a table's rows are kept up to this many; beyond it all are forgotten and asked for again. */
const CACHED_MAX = 20_000;

const SERIES = { table: "series", columns: ["service_name", "environment", "model_provider", "model", "operation"] } as const;
const OUTCOMES = { table: "outcomes", columns: ["error_category", "retry_reason", "cost_status"] } as const;

type DimensionTable = typeof SERIES | typeof OUTCOMES;

export function createDimensions(schema: string): Dimensions {
  const series = new Map<string, number>();
  const outcomes = new Map<string, number>();
  return {
    async resolve(client, delta) {
      const seriesValues = [...delta.series.values()].map(({ values }) => values);
      const seriesIds = await idsOf(client, { schema, table: SERIES, cache: series }, seriesValues);
      const outcomeIds = await idsOf(client, { schema, table: OUTCOMES, cache: outcomes }, delta.outcomes);
      return { series: zip([...delta.series.keys()], seriesIds), outcomes: zip(delta.outcomes.map(outcomeKey), outcomeIds) };
    },
  };
}

interface CachedTable {
  readonly schema: string;
  readonly table: DimensionTable;
  readonly cache: Map<string, number>;
}

type Values = readonly (string | null)[];

async function idsOf(client: pg.ClientBase, cached: CachedTable, rows: readonly Values[]): Promise<number[]> {
  const { cache } = cached;
  const missing = rows.filter((row) => !cache.has(keyOf(row)));
  if (cache.size + missing.length > CACHED_MAX) cache.clear();
  const wanted = cache.size === 0 ? rows : missing;
  if (wanted.length > 0) await fetchIds(client, cached, wanted);
  return rows.map((row) => {
    const id = cache.get(keyOf(row));
    if (id === undefined) throw new Error(`genai.${cached.table.table} has no row for ${JSON.stringify(row)}`);
    return id;
  });
}

async function fetchIds(
  client: pg.ClientBase,
  { schema, table: { table, columns }, cache }: CachedTable,
  rows: readonly Values[],
): Promise<void> {
  // In one order everywhere: two gateways that make the same rows must not wait for each other in a circle.
  const sorted = [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const arrays = columns.map((_, i) => sorted.map((row) => row[i] ?? null));
  const unnested = `unnest(${columns.map((_, i) => `$${i + 1}::text[]`).join(", ")})`;
  const names = columns.join(", ");
  await client.query(`insert into ${schema}.${table} (${names}) select * from ${unnested} on conflict do nothing`, arrays);
  const { rows: found } = await client.query<{ id: number; ordinal: string }>(
    `select t.id, u.ordinal from ${unnested} with ordinality u (${names}, ordinal)
     join ${schema}.${table} t on ${columns.map((name) => `t.${name} is not distinct from u.${name}`).join(" and ")}`,
    arrays,
  );
  for (const { id, ordinal } of found) {
    const row = sorted[Number(ordinal) - 1];
    if (row !== undefined) cache.set(keyOf(row), id);
  }
}

const zip = (keys: readonly string[], ids: readonly number[]): ReadonlyMap<string, number> =>
  new Map(keys.map((key, i) => [key, ids[i] ?? 0]));

const keyOf = (row: Values): string => JSON.stringify(row);
