import type pg from "pg";
import type { DimensionIds } from "./dimensions.ts";
import { clean, keyOfValues, splitHistogramKey, splitSumsKey, type RollupDelta } from "./rollup-delta.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface CountedDelta {
  /** Quoted. */
  readonly schema: string;
  readonly delta: RollupDelta;
  /** Of this delta, or of a larger one. */
  readonly ids: DimensionIds;
}

/** Adds a delta to the rollups, in the transaction that the client has open. */
export async function countCalls(client: pg.ClientBase, { schema, delta, ids }: CountedDelta): Promise<void> {
  if (delta.series.length === 0) return;
  const calls: object[] = [];
  const users: object[] = [];
  const histogramColumns: (number | string)[][] = [[], [], [], []];
  const outcomeIds = delta.outcomes.map((values) => ids.outcomes.get(keyOfValues(values)));
  for (const { values, sums, histograms, users: userSums } of delta.series) {
    const seriesId = ids.series.get(keyOfValues(values));
    if (seriesId === undefined) throw new Error("a series has no number: dimensions must be resolved first");
    for (const [sumsKey, sum] of sums) {
      const { minute, outcome } = splitSumsKey(sumsKey);
      calls.push({ bucket: isoOf(minute * MINUTE_MS), series_id: seriesId, outcome_id: outcomeIds[outcome], ...withoutZeros(sum) });
    }
    for (const [histogramKey, counts] of histograms) {
      const { minute, measure } = splitHistogramKey(histogramKey);
      [minute, seriesId, measure, arrayLiteral(counts)].forEach((value, i) => histogramColumns[i]?.push(value));
    }
    for (const [userKey, sum] of userSums) {
      const space = userKey.indexOf(" ");
      users.push({
        bucket: isoOf(Number(userKey.slice(0, space)) * HOUR_MS),
        series_id: seriesId,
        user_id: clean(userKey.slice(space + 1)),
        ...sum,
      });
    }
  }
  await client.query({
    name: "count_calls",
    text: `select ${schema}.count_calls($1, $2, $3, $4, $5, $6)`,
    values: [JSON.stringify(calls), JSON.stringify(users), ...histogramColumns],
  });
}

const isoOf = (timeMs: number): string => new Date(timeMs).toISOString();

/** "[40:42]={1,0,3}": the bins from the first to the last that has calls (PostgreSQL manual, Array Input and Output Syntax). */
function arrayLiteral(counts: Int32Array): string {
  const first = counts.findIndex((count) => count !== 0);
  const last = counts.findLastIndex((count) => count !== 0);
  // Calls that were taken out again may leave nothing.
  return first < 0 ? "{}" : `[${first}:${last}]={${counts.subarray(first, last + 1).join(",")}}`;
}

/** count_calls takes what is missing for 0, and most sums are. */
function withoutZeros(sums: object): object {
  return Object.fromEntries(Object.entries(sums).filter(([, value]) => value !== 0));
}
