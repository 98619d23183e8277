import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { TEMPLATE_DATABASE } from "./global-setup.ts";

export interface TestDatabase {
  /** For whatever takes DATABASE_URL. */
  readonly url: string;
  readonly pool: pg.Pool;
  /** Ends the pool and removes the database; whoever is still connected to it is cut off. */
  drop(): Promise<void>;
}

/** A database of its own with the current schema, about 0.1 s: a copy of the run's template. */
export async function createDatabase(): Promise<TestDatabase> {
  return createDatabaseFrom(TEMPLATE_DATABASE);
}

/** A database without any schema, for tests of `migrate`. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabaseFrom("template0");
}

async function createDatabaseFrom(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  // FILE_COPY is faster than WAL_LOG for a template of this size only where nothing is flushed; WAL_LOG needs no checkpoint.
  await onServer(`create database ${name} template ${template} strategy wal_log`);
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href, max: 5 });
  // A test may end the server's sessions on purpose: an idle connection that dies is no failure of the test.
  pool.on("error", () => undefined);
  const drop = async (): Promise<void> => {
    await pool.end();
    await onServer(`drop database if exists ${name} with (force)`);
  };
  return { url: url.href, pool, drop };
}

const ATTEMPTS_MAX = 20;
/** Another worker copies the template at this moment: object_in_use. */
const TEMPLATE_IN_USE = "55006";

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await client.query(sql);
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== TEMPLATE_IN_USE || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  } finally {
    await client.end();
  }
}
