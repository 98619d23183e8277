import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../processor/storage/embedded-postgres.ts";
import { migrate } from "../../processor/storage/migrate.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Maintenance database of the run's PostgreSQL server. */
    postgresUrl: string;
  }
}

export const TEMPLATE_DATABASE = "genai_template";

/** One PostgreSQL for the whole run, with a migrated template that every test's database is a copy of. It dies with the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), "genai-otel-test-"));
  // Run as root, PostgreSQL has an account of its own, which may not enter a private folder.
  await chmod(dataDir, 0o755);
  const server = await startEmbeddedPostgres({ dataDir, durable: false, settings: { max_connections: "200" } });
  const url = new URL(server.url);
  url.pathname = "/postgres";
  await runAs(url.href, (client) => client.query(`create database ${TEMPLATE_DATABASE}`));
  await runAs(url.href.replace(/postgres$/, TEMPLATE_DATABASE), (client) => migrate(client));
  project.provide("postgresUrl", url.href);
  return async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  };
}

async function runAs(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
