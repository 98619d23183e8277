import type pg from "pg";

const DAY_MS = 86_400_000;
const DAY_MICROS = DAY_MS * 1000;
/** A span this far ahead of our clock still gets a day of its own. */
export const FUTURE_DAYS_MAX = 2;
/** Waiting longer for the lock would stop the batch: the default partition takes its rows, and housekeeping moves them. */
const LOCK_MS_MAX = 2_000;
const KNOWN_DAYS_MAX = 10_000;

export interface DayPartitions {
  /** Makes the partitions for rows of these times (microseconds since 1970), as far as they are in the window. Never throws for a lock. */
  ensure(client: pg.ClientBase, times: Iterable<number>): Promise<void>;
}

/** Day numbers since 1970 that may have a partition of their own; the rows of other days stay in the default partition. */
export function dayWindow(nowMs: number, pastDays: number): { first: number; last: number } {
  const today = Math.floor(nowMs / DAY_MS);
  return { first: today - pastDays, last: today + FUTURE_DAYS_MAX };
}

/**
 * Days on demand, for spans that come late: each day is asked for once. The window bounds their number, so that a client
 * whose clock runs wild cannot make a partition for every day of a century.
 */
export function createDayPartitions(schema: string, pastDays: number): DayPartitions {
  const known = new Set<number>();
  return {
    async ensure(client, times) {
      const missing = new Set<number>();
      for (const micros of times) {
        const day = Math.floor(micros / DAY_MICROS);
        if (!known.has(day)) missing.add(day);
      }
      if (missing.size === 0) return;
      if (known.size > KNOWN_DAYS_MAX) known.clear();
      const { first, last } = dayWindow(Date.now(), pastDays);
      const days = [...missing].filter((day) => day >= first && day <= last);
      for (const day of days.sort((a, b) => a - b)) {
        // Known also where it was busy: asking again with every batch would make every batch wait, and housekeeping asks too.
        await createDay(client, schema, day);
        known.add(day);
      }
      for (const day of missing) if (day < first) known.add(day);
    },
  };
}

/** SQLSTATEs after which the default partition does: lock_not_available, and deadlock with a session that keeps house. */
const BUSY = new Set(["55P03", "40P01"]);

export async function createDay(client: pg.ClientBase, schema: string, day: number): Promise<boolean> {
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  try {
    await client.query("begin");
    await client.query(`set local lock_timeout = ${LOCK_MS_MAX}`);
    await client.query(`select ${schema}.create_day_partitions($1, $1)`, [date]);
    await client.query("commit");
    return true;
  } catch (error) {
    await client.query("rollback");
    if (BUSY.has((error as { code?: string }).code ?? "")) return false;
    throw error;
  }
}
