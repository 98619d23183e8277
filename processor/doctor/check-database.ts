import pg from "pg";
import type { Finding } from "./finding.ts";

/** What the checks need of a connection. */
export type Database = Pick<pg.ClientBase, "query">;

const CONNECT_MS_MAX = 5000;
/** A gateway that receives spans stores them within a second; a quiet app may pause for longer. */
const SILENCE_MS_MAX = 10 * 60_000;

/** Connects, or says why not. */
export async function connectDatabase(url: string): Promise<pg.Client | Finding> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    return {
      station: "database",
      verdict: "problem",
      what: `no connection: ${error instanceof Error ? error.message : String(error)}`,
      next: "check DATABASE_URL; without it the embedded database is read, which runs while `genai-otel serve` or `demo` does",
    };
  }
}

/** Is the schema there and current, and do spans arrive in it? */
export async function checkDatabase(database: Database, schema: string, nowMs: number): Promise<Finding[]> {
  const version = await readSchemaVersion(database, schema);
  if (version === null) {
    return [
      { station: "database", verdict: "problem", what: `schema ${schema} has no genai-otel tables`, next: "run `genai-otel migrate`" },
    ];
  }
  const { rows } = await database.query<{ last: Date | null }>(
    `select max(created_at) as last from ${schema}.llm_traces where created_at <= now() + interval '1 hour'`,
  );
  const last = rows[0]?.last ?? null;
  return [{ station: "database", verdict: "ok", what: `schema ${schema} at version ${version}` }, describeLast(last, nowMs)];
}

async function readSchemaVersion(database: Database, schema: string): Promise<number | null> {
  const { rows: found } = await database.query<{ table: string | null }>("select to_regclass($1)::text as table", [`${schema}.migrations`]);
  if ((found[0]?.table ?? null) === null) return null;
  const { rows } = await database.query<{ version: number | null }>(`select max(version) as version from ${schema}.migrations`);
  return rows[0]?.version ?? null;
}

function describeLast(last: Date | null, nowMs: number): Finding {
  if (last === null) {
    return { station: "database", verdict: "problem", what: "no GenAI span was ever stored", next: "send one: README, “Your own app”" };
  }
  const ageMs = nowMs - last.getTime();
  const what = `the newest GenAI span is ${formatAge(ageMs)} old`;
  if (ageMs <= SILENCE_MS_MAX) return { station: "database", verdict: "ok", what };
  return {
    station: "database",
    verdict: "warning",
    what,
    next: "if apps are calling models now, look at the gateway above and at the apps' own logs",
  };
}

export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
