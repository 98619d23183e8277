import type pg from "pg";
import { keyOfValues } from "./call-kinds.ts";
import type { RollupDelta } from "./rollup-delta.ts";

/** Numbers of the dimension rows that a delta names, by keyOfValues. */
export interface DimensionIds {
  readonly series: ReadonlyMap<string, number>;
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
      const seriesValues = delta.series.map(({ values }) => values);
      const seriesIds = await idsOf(client, { schema, table: SERIES, cache: series }, seriesValues);
      const outcomeIds = await idsOf(client, { schema, table: OUTCOMES, cache: outcomes }, delta.outcomes);
      return { series: zip(seriesValues, seriesIds), outcomes: zip(delta.outcomes, outcomeIds) };
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
  const missing = rows.filter((row) => !cache.has(keyOfValues(row)));
  if (cache.size + missing.length > CACHED_MAX) cache.clear();
  const wanted = cache.size === 0 ? rows : missing;
  if (wanted.length > 0) await fetchIds(client, cached, wanted);
  return rows.map((row) => {
    const id = cache.get(keyOfValues(row));
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
  const sorted = [...rows].sort((a, b) => (keyOfValues(a) < keyOfValues(b) ? -1 : 1));
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
    if (row !== undefined) cache.set(keyOfValues(row), id);
  }
}

const zip = (rows: readonly Values[], ids: readonly number[]): ReadonlyMap<string, number> =>
  new Map(rows.map((row, i) => [keyOfValues(row), ids[i] ?? 0]));
