import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";

export interface MigrateOptions {
  /** "genai" by default. */
  readonly schema?: string | undefined;
  /** Login for the read-only role; without it the role cannot log in until somebody gives it a password. */
  readonly readerPassword?: string | undefined;
}

export interface Migrated {
  /** Names of the migrations that this run applied. */
  readonly applied: readonly string[];
  readonly version: number;
  /** false: the database user may not create roles, so genai_reader has to be created by somebody who may. */
  readonly reader: boolean;
}

/** The database was made by a newer version of this program, or by a version whose migrations were others. */
export class NewerDatabaseError extends Error {}

export const DEFAULT_SCHEMA = "genai";
export const READER_ROLE = "genai_reader";
/** What a dashboard may take before the server ends it. */
const READER_STATEMENT_MS_MAX = 30_000;
const MIGRATIONS = join(import.meta.dirname, "migrations");
/** Days ahead for which partitions are made: a gateway that lives makes them every hour, a stopped one has this long. */
export const PARTITION_DAYS_AHEAD = 3;

/**
 * Brings the database to this program's schema. Any number of processes may call it at once: one works, the others wait
 * and then find nothing to do. Every migration is a transaction of its own.
 */
export async function migrate(client: pg.ClientBase, options: MigrateOptions = {}): Promise<Migrated> {
  const schema = client.escapeIdentifier(options.schema ?? DEFAULT_SCHEMA);
  const lock = `hashtext('genai-otel migrate'), hashtext('${schema.replaceAll("'", "''")}')`;
  const migrations = await readMigrations();
  await client.query(`select pg_advisory_lock(${lock})`);
  try {
    const applied = await applyMissing(client, schema, migrations);
    await client.query(
      `select ${schema}.create_day_partitions(today - 1, today + ${PARTITION_DAYS_AHEAD}) from (select (now() at time zone 'UTC')::date as today) clock`,
    );
    const reader = await ensureReader(client, schema, options.readerPassword);
    return { applied, version: migrations.at(-1)?.version ?? 0, reader };
  } finally {
    await client.query(`select pg_advisory_unlock(${lock})`);
  }
}

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(MIGRATIONS)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(MIGRATIONS, name), "utf8");
      return { version: Number(name.slice(0, 4)), name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function applyMissing(client: pg.ClientBase, schema: string, migrations: readonly Migration[]): Promise<string[]> {
  await client.query(`create schema if not exists ${schema}`);
  await client.query(
    `create table if not exists ${schema}.migrations (version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ version: number; checksum: string }>(
    `select version, checksum from ${schema}.migrations order by version`,
  );
  const current = rows.at(-1)?.version ?? 0;
  const newest = migrations.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new NewerDatabaseError(
      `the database is at schema version ${current}, this program knows versions up to ${newest}: upgrade genai-otel`,
    );
  }
  const changed = migrations.find((migration) =>
    rows.some(({ version, checksum }) => version === migration.version && checksum !== migration.checksum),
  );
  if (changed !== undefined) {
    throw new NewerDatabaseError(
      `the database was made with another ${changed.name} than this program has (an unreleased version?): use another schema, or start with an empty database`,
    );
  }
  const missing = migrations.filter(({ version }) => version > current);
  for (const migration of missing) await apply(client, schema, migration);
  return missing.map(({ name }) => name);
}

async function apply(client: pg.ClientBase, schema: string, { version, name, sql, checksum }: Migration): Promise<void> {
  await client.query("begin");
  try {
    await client.query(`set local search_path to ${schema}`);
    await client.query(sql);
    await client.query(`insert into ${schema}.migrations (version, name, checksum) values ($1, $2, $3)`, [version, name, checksum]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw new Error(`migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** SQLSTATE insufficient_privilege. */
const NOT_ALLOWED = "42501";
/** Two databases of one server may create the role at once: duplicate_object, unique_violation, and "tuple concurrently updated". */
const RACED = new Set(["42710", "23505", "XX000"]);
const READER_ATTEMPTS_MAX = 5;

/** The read-only role of Grafana. Roles belong to the whole server, not to the database: another database may have made it. */
async function ensureReader(client: pg.ClientBase, schema: string, password: string | undefined): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query("begin");
      await client.query(await readerSql(client, schema, password));
      await client.query("commit");
      return true;
    } catch (error) {
      await client.query("rollback");
      const { code } = error as { code?: string };
      if (code === NOT_ALLOWED) return false;
      if (!RACED.has(code ?? "") || attempt === READER_ATTEMPTS_MAX) throw error;
    }
  }
}

async function readerSql(client: pg.ClientBase, schema: string, password: string | undefined): Promise<string> {
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [READER_ROLE]);
  const create = [
    `create role ${READER_ROLE} nologin`,
    `alter role ${READER_ROLE} set statement_timeout = ${READER_STATEMENT_MS_MAX}`,
    `alter role ${READER_ROLE} set default_transaction_read_only = on`,
  ];
  return [
    ...(rowCount === 0 ? create : []),
    ...(password === undefined ? [] : [`alter role ${READER_ROLE} login password ${client.escapeLiteral(password)}`]),
    `grant usage on schema ${schema} to ${READER_ROLE}`,
    `grant select on all tables in schema ${schema} to ${READER_ROLE}`,
    `alter default privileges in schema ${schema} grant select on tables to ${READER_ROLE}`,
  ].join(";\n");
}
