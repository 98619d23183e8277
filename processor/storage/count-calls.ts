import type pg from "pg";
import type { DimensionIds } from "./dimensions.ts";
import { clean, keyOfValues, type RollupDelta, type RollupSums } from "./rollup-delta.ts";

const MINUTE_MS = 60_000;

export interface CountedDelta {
  /** Quoted. */
  readonly schema: string;
  readonly delta: RollupDelta;
  /** Of this delta, or of a larger one. */
  readonly ids: DimensionIds;
}

/**
 * Adds a delta to the rollups, in the transaction that the client has open: one round trip, the tables in the same order
 * everywhere.
 */
export async function countCalls(client: pg.ClientBase, { schema, delta, ids }: CountedDelta): Promise<void> {
  if (delta.series.length === 0) return;
  const outcomeIds = delta.outcomes.map((values) => ids.outcomes.get(keyOfValues(values)));
  const calls: string[] = [];
  const histograms = columns(4);
  const users = columns(9);
  for (const series of delta.series) {
    const seriesId = ids.series.get(keyOfValues(series.values));
    if (seriesId === undefined) throw new Error("a series has no number: dimensions must be resolved first");
    for (const { minute, sums, histograms: byMeasure } of series.minutes.values()) {
      const bucket = new Date(minute * MINUTE_MS).toISOString();
      for (const [outcome, outcomeSums] of sums.entries()) {
        if (outcomeSums !== undefined)
          calls.push(callsJson(`"bucket":"${bucket}","series_id":${seriesId},"outcome_id":${outcomeIds[outcome]}`, outcomeSums));
      }
      for (const [measure, counts] of byMeasure.entries()) {
        if (counts !== undefined) push(histograms, [minute, seriesId, measure, arrayLiteral(counts)]);
      }
    }
    for (const [hour, byUser] of series.users) {
      for (const [userId, user] of byUser) {
        const { calls: userCalls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd } = user;
        push(users, [hour, seriesId, clean(userId), userCalls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd]);
      }
    }
  }
  await client.query({
    name: "count_calls",
    text: `select ${schema}.count_calls($1), ${schema}.count_durations($2, $3, $4, $5), ${schema}.count_users($6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    values: [`[${calls.join(",")}]`, ...[...histograms, ...users].map(arrayParameter)],
  });
}

type Column = (number | string)[];

/** Numbers joined by hand: pg would look at each of them for quotes. */
function arrayParameter(column: Column): Column | string {
  return typeof column[0] === "number" ? `{${column.join(",")}}` : column;
}

const columns = (count: number): Column[] => Array.from({ length: count }, () => []);

function push(table: readonly Column[], row: readonly (number | string)[]): void {
  for (const [i, value] of row.entries()) table[i]?.push(value);
}

/** "[40:42]={1,0,3}": the bins from the first to the last that has calls (PostgreSQL manual, Array Input and Output Syntax). */
function arrayLiteral(counts: Int32Array): string {
  const first = counts.findIndex((count) => count !== 0);
  const last = counts.findLastIndex((count) => count !== 0);
  return `[${first}:${last}]={${counts.subarray(first, last + 1).join(",")}}`;
}

/** An object of the array that count_calls takes: what is missing there is 0, and most sums are. */
function callsJson(key: string, sums: RollupSums): string {
  let json = `{${key}`;
  for (const [column, sum] of Object.entries(sums)) if (sum !== 0) json += `,"${column}":${sum}`;
  return `${json}}`;
}
