import { parseArgs } from "node:util";
import pg from "pg";
import { readConfig } from "../config.ts";
import { migrate as migrateDatabase, READER_ROLE } from "../storage/migrate.ts";
import { openDatabase } from "../storage/open-database.ts";
import type { Command } from "./command.ts";

const HELP = `usage: genai-otel migrate [--data-dir DIR]

Brings the database to this version's schema: the server in DATABASE_URL, or without it the
embedded PostgreSQL of the data folder (.genai-otel). It may run while gateways write, and any
number of times. It also creates the read-only role ${READER_ROLE} for Grafana, without a login
unless GENAI_READER_PASSWORD gives it one.

--data-dir DIR  data folder of the gateway (or the variable DATA_DIR)
`;

/** `genai-otel migrate`. */
export const migrate: Command = async (args, io) => {
  const { values } = parseArgs({ args: [...args], options: { help: { type: "boolean", short: "h" }, "data-dir": { type: "string" } } });
  if (values.help === true) {
    io.stdout.write(HELP);
    return 0;
  }
  const config = readConfig(io.env);
  const database = await openDatabase({ databaseUrl: config.databaseUrl, dataDir: values["data-dir"] ?? config.dataDir });
  const client = new pg.Client({ connectionString: database.url, application_name: "genai-otel migrate" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const migrated = await migrateDatabase(client, { schema: config.schema, readerPassword: io.env["GENAI_READER_PASSWORD"] });
    io.stdout.write(describe(config.schema, migrated));
    return 0;
  } finally {
    await client.end().catch(() => undefined);
    await database.close();
  }
};

function describe(schema: string, { applied, version, reader }: Awaited<ReturnType<typeof migrateDatabase>>): string {
  const lines = [...applied.map((name) => `applied ${name}`), `schema ${schema} is at version ${version}`];
  if (!reader) {
    lines.push(`note: this user may not create roles, so there is no ${READER_ROLE}; ask whoever administers the server to run:`);
    lines.push(`  CREATE ROLE ${READER_ROLE} LOGIN PASSWORD '...'; GRANT USAGE ON SCHEMA ${schema} TO ${READER_ROLE};`);
    lines.push(`  GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${READER_ROLE};`);
  }
  return `${lines.join("\n")}\n`;
}
