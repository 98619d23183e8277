import type pg from "pg";
import { expect } from "vitest";
import { assertRollupsMatchRows } from "./assert-rollups.ts";

/** Fails unless the database holds exactly these spans, each once, and its rollups are a recount of its rows. */
export async function expectStoredExactly(pool: pg.Pool, acknowledged: ReadonlySet<string>): Promise<void> {
  const { rows } = await pool.query<{ span_id: string }>("select span_id from genai.llm_traces union all select span_id from genai.spans");
  const stored = new Set(rows.map((row) => row.span_id));
  expect({ missing: missing(acknowledged, stored), strangers: missing(stored, acknowledged), doubled: rows.length - stored.size }).toEqual({
    missing: [],
    strangers: [],
    doubled: 0,
  });
  await assertRollupsMatchRows(pool);
}

/** A few of what is in one and not in the other. */
function missing(from: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (const id of from) if (!other.has(id) && found.push(id) === 5) break;
  return found;
}
