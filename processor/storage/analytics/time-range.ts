import type pg from "pg";
import { DEFAULT_SCHEMA } from "../migrate.ts";

/** A pool or a client. */
export type Queryable = Pick<pg.Pool, "query">;

/** The time that a question is about: the last so many milliseconds. */
export interface TimeRange {
  readonly sinceMs: number;
  /** The end; now by default. */
  readonly nowMs?: number | undefined;
  /** "genai" by default. */
  readonly schema?: string | undefined;
}

/** Beginning and end, as the parameters $1 and $2 of every analytics query. */
export function timesOf({ sinceMs, nowMs = Date.now() }: TimeRange): [Date, Date] {
  return [new Date(nowMs - sinceMs), new Date(nowMs)];
}

/** The schema as it stands in SQL. */
export const quotedSchema = ({ schema = DEFAULT_SCHEMA }: TimeRange): string => `"${schema.replaceAll('"', '""')}"`;

/** part / whole in percent, 0 where there is no whole: for the API, whose rates are percentages. */
export const percent = (part: number, whole: number): number => (whole > 0 ? (100 * part) / whole : 0);
