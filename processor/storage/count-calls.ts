import pg from "pg";
import { clean, keyOfValues } from "./call-kinds.ts";
import { CALL_SUM_COLUMNS } from "./call-sums.ts";
import type { DimensionIds } from "./dimensions.ts";
import type { RollupDelta } from "./rollup-delta.ts";

const MINUTE_MS = 60_000;

export interface CountedDelta {
  /** Quoted. */
  readonly schema: string;
  readonly delta: RollupDelta;
  /** Of this delta, or of a larger one. */
  readonly ids: DimensionIds;
}

/** Adds a delta to the rollups, in the transaction that the client has open. */
export async function countCalls(client: pg.ClientBase, counted: CountedDelta): Promise<void> {
  const text = countCallsText(counted);
  if (text !== null) await client.query(text);
}

/** The statement that adds a delta to the rollups, the tables in the same order everywhere; null where there is nothing to add. */
export function countCallsText({ schema, delta, ids }: CountedDelta): string | null {
  if (delta.series.length === 0) return null;
  const outcomeIds = delta.outcomes.map((values) => ids.outcomes.get(keyOfValues(values)));
  const calls: string[] = [];
  const histograms = columns(4);
  const users = columns(9);
  for (const series of delta.series) {
    const seriesId = ids.series.get(series.key);
    if (seriesId === undefined) throw new Error("a series has no number: dimensions must be resolved first");
    for (const { minute, sums, histograms: byMeasure } of series.minutes.values()) {
      const bucket = new Date(minute * MINUTE_MS).toISOString();
      for (const [outcome, outcomeSums] of sums.entries()) {
        if (outcomeSums !== undefined)
          calls.push(callsJson(`"bucket":"${bucket}","series_id":${seriesId},"outcome_id":${outcomeIds[outcome]}`, outcomeSums));
      }
      for (const [measure, counts] of byMeasure.entries()) {
        if (counts !== undefined) push(histograms, [minute, seriesId, measure, `"${arrayLiteral(counts)}"`]);
      }
    }
    for (const [hour, byUser] of series.users) {
      for (const [userId, sums] of byUser) push(users, [hour, seriesId, quoted(clean(userId)), ...sums]);
    }
  }
  const [durations, byUser] = [histograms, users].map((table) => table.map(arrayParameter).join(", "));
  return `select ${schema}.count_calls(${literal(`[${calls.join(",")}]`)}), ${schema}.count_durations(${durations}), ${schema}.count_users(${byUser})`;
}

type Column = (number | string)[];

const arrayParameter = (column: Column): string => literal(`{${column.join(",")}}`);

/** pg goes through a text character by character, and most that is counted has none that it looks for. */
const literal = (text: string): string => (/['\\]/.test(text) ? pg.escapeLiteral(text) : `'${text}'`);

/** An element of an array, whatever is in it (PostgreSQL manual, Array Input and Output Syntax). */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

const columns = (count: number): Column[] => Array.from({ length: count }, () => []);

function push(table: readonly Column[], row: readonly (number | string)[]): void {
  for (const [i, value] of row.entries()) table[i]?.push(value);
}

/** "[40:42]={1,0,3}": the bins from the first to the last that has calls (PostgreSQL manual, Array Input and Output Syntax). */
function arrayLiteral(counts: Int32Array): string {
  let first = 0;
  let last = counts.length - 1;
  while (counts[first] === 0) first++;
  while (counts[last] === 0) last--;
  return `[${first}:${last}]={${counts.subarray(first, last + 1).join(",")}}`;
}

/** An object of the array that count_calls takes: what is missing there is 0, and most sums are. */
function callsJson(key: string, sums: Float64Array): string {
  let json = `{${key}`;
  for (let index = 0; index < sums.length; index++) {
    const sum = sums[index] ?? 0;
    if (sum !== 0) json += `,"${CALL_SUM_COLUMNS[index]}":${sum}`;
  }
  return `${json}}`;
}
