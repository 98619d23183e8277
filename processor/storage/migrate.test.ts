import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, createEmptyDatabase, type TestDatabase } from "../../test/support/database.ts";
import { dumpSchema } from "../../test/support/dump-schema.ts";
import { migrate, NewerDatabaseError } from "./migrate.ts";

let empty: TestDatabase;
let migrated: TestDatabase;

beforeAll(async () => {
  [empty, migrated] = await Promise.all([createEmptyDatabase(), createDatabase()]);
});
afterAll(() => Promise.all([empty.drop(), migrated.drop()]));

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

test("20 processes that start at once migrate an empty database once", async () => {
  const runs = await Promise.all(Array.from({ length: 20 }, () => withClient(empty.url, (client) => migrate(client))));
  const applied = runs.flatMap((run) => run.applied);
  expect(applied.length).toBeGreaterThan(0);
  expect(new Set(applied).size).toBe(applied.length);
  expect(new Set(runs.map((run) => run.version)).size).toBe(1);
  const { rows } = await empty.pool.query<{ name: string }>("select name from genai.migrations order by version");
  expect(rows.map((row) => row.name)).toEqual([...applied].sort());
});

test("every column of the tables that people query has a comment", async () => {
  const { rows } = await migrated.pool.query<{ missing: string }>(`
    select c.relname || '.' || a.attname as missing from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'genai'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'migrations'
      and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null`);
  expect(rows).toEqual([]);
});

test("a database of a newer program is refused", async () => {
  await migrated.pool.query("insert into genai.migrations (version, name, checksum) values (9999, '9999_future.sql', '')");
  await expect(withClient(migrated.url, (client) => migrate(client))).rejects.toThrow(NewerDatabaseError);
  await migrated.pool.query("delete from genai.migrations where version = 9999");
});

test("a database made with other migrations of the same numbers is refused", async () => {
  const { rows } = await migrated.pool.query<{ checksum: string }>("select checksum from genai.migrations where version = 2");
  await migrated.pool.query("update genai.migrations set checksum = 'another' where version = 2");
  await expect(withClient(migrated.url, (client) => migrate(client))).rejects.toThrow(/another 0002_rollups.sql/);
  await migrated.pool.query("update genai.migrations set checksum = $1 where version = 2", [rows[0]?.checksum]);
});

test("another schema beside the first", async () => {
  await withClient(migrated.url, (client) => migrate(client, { schema: "Other schema" }));
  const { rows } = await migrated.pool.query(`select * from "Other schema".calls(now() - interval '7 days', now())`);
  expect(rows).toEqual([]);
  await migrated.pool.query(`drop schema "Other schema" cascade`);
});

test("the reader reads, in the time it is given, and does not write", async () => {
  await withClient(migrated.url, async (client) => {
    await migrate(client, { readerPassword: "reader's password" });
    const url = new URL(migrated.url);
    url.username = "genai_reader";
    url.password = encodeURIComponent("reader's password");
    await withClient(url.href, async (reader) => {
      expect((await reader.query("select * from genai.llm_traces limit 1")).rows).toEqual([]);
      expect((await reader.query("select * from genai.calls(now() - interval '1 hour', now())")).rows).toEqual([]);
      expect((await reader.query("show statement_timeout")).rows).toEqual([{ statement_timeout: "30s" }]);
      await expect(reader.query("delete from genai.llm_traces")).rejects.toThrow(/read-only/);
      // Whoever turns that off still has no right to write, to count, or to make anything.
      await reader.query("set default_transaction_read_only = off");
      for (const sql of [
        "delete from genai.llm_traces",
        "insert into genai.outcomes (error_category) values ('x')",
        "update genai.rollup_minute set calls = 0",
        'select genai.count_calls(\'[{"bucket": "2026-11-24T00:00:00Z", "series_id": 1, "outcome_id": 1, "calls": 1}]\')',
        "create table genai.mine (n integer)",
        "drop table genai.spans",
      ])
        await expect(reader.query(sql), sql).rejects.toThrow(/permission denied|must be owner/);
    });
  });
});

// After a change of the schema: npx vitest run processor/storage/migrate.test.ts -u, and read the difference.
test("schema.sql is what the migrations make", async () => {
  const fresh = await createDatabase();
  await expect(await dumpSchema(fresh.pool)).toMatchFileSnapshot("schema.sql");
  await fresh.drop();
});
