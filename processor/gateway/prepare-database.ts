import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import pg from "pg";
import { readPriceBook } from "../cli/price.ts";
import { ConfigError, type Config } from "../config.ts";
import { describeError } from "../sinks/sink-error.ts";
import { startEmbeddedPostgres } from "../storage/embedded-postgres.ts";
import { type Housekeeper, startHousekeeper } from "../storage/housekeeper.ts";
import { migrate, NewerDatabaseError } from "../storage/migrate.ts";
import { modelPriceRows, syncModelPrices } from "../storage/model-prices.ts";
import { embeddedFolder } from "../storage/open-database.ts";

export interface PreparedDatabase {
  /** null: rows go nowhere, spans are only forwarded. */
  readonly url: string | null;
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

const CONNECT_MS_MAX = 5000;
const RETRY_MS = 5000;

/**
 * A database with this version's schema: the configured one, or an own one where spans would go nowhere else. One that
 * cannot be reached is no reason not to start, because spans go to the spool until it is back, and its schema is brought
 * up to date then. What only the user can mend (password, name, a newer schema) stops the start with one message.
 */
export async function prepareDatabase(config: Config, log: Logger): Promise<PreparedDatabase> {
  if (config.databaseUrl === null && config.forwardEndpoint !== null) return { url: null, warnings: [], close: async () => undefined };
  const embedded = config.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: embeddedFolder(config.dataDir) }) : null;
  const database = { url: embedded?.url ?? config.databaseUrl ?? "", config, log };
  const stop = new AbortController();
  const failure = await tryMigrate(database);
  const housekeeper = failure === null ? Promise.resolve(openHousekeeper(database)) : housekeeperLater(database, stop.signal);
  return {
    url: database.url,
    warnings:
      failure === null
        ? []
        : [`PostgreSQL at ${hostOf(database.url)} cannot be reached (${failure}): spans wait in the spool until it can`],
    async close() {
      stop.abort();
      await (await housekeeper)?.close();
      await embedded?.close();
    },
  };
}

interface Database {
  readonly url: string;
  readonly config: Config;
  readonly log: Logger;
}

/** null when done, what is in the way when another try may work; throws what another try will not mend. */
async function tryMigrate({ url, config, log }: Database): Promise<string | null> {
  const { schema, readerPassword, pricesFile } = config;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX, application_name: "genai-otel migrate" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { applied, version } = await migrate(client, { schema, readerPassword: readerPassword ?? undefined });
    await syncModelPrices(client, modelPriceRows(await readPriceBook(pricesFile ?? undefined), Date.now()), schema);
    log.info({ applied, version }, "the database schema is up to date");
    return null;
  } catch (error) {
    if (isPassing(error)) return describeError(error);
    throw new ConfigError(`DATABASE_URL: PostgreSQL at ${hostOf(url)} cannot be used: ${describeError(error)}`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Servers that are away, starting, stopping, full or too slow; a wrong name or password is for the user to mend. */
const PASSING_STATES = /^(?:08|53|57)/;
const PASSING_CODES = new Set(["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EPIPE", "EAI_AGAIN"]);

function isPassing(error: unknown): boolean {
  if (error instanceof NewerDatabaseError) return false;
  if (error instanceof AggregateError) return error.errors.every(isPassing);
  const { code, cause } = error as { code?: string; cause?: unknown };
  if (code === undefined) return cause === undefined ? /timeout|terminated/i.test(describeError(error)) : isPassing(cause);
  return PASSING_CODES.has(code) || PASSING_STATES.test(code);
}

async function housekeeperLater(database: Database, signal: AbortSignal): Promise<Housekeeper | null> {
  while (!signal.aborted) {
    await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    try {
      if (!signal.aborted && (await tryMigrate(database)) === null) return openHousekeeper(database);
    } catch (error) {
      database.log.error({ error: describeError(error) }, "the database is there and cannot be used");
    }
  }
  return null;
}

/** Partitions ahead, late rows into their day, old days away: once an hour, in one process. */
function openHousekeeper({ url, config, log }: Database): Housekeeper {
  const { schema, retentionDays } = config;
  return startHousekeeper({
    url,
    schema,
    retentionDays,
    onKept: (kept) => log.info(kept, "partitions and retention are up to date"),
    onError: (error) =>
      log.warn({ error: describeError(error) }, "partitions and retention could not be looked after; the next try is in an hour"),
  });
}

/** Without the user and password that a URL may carry. */
function hostOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
