import { stat } from "node:fs/promises";
import { join } from "node:path";
import { findEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";

export interface DatabasePlace {
  /** DATABASE_URL; null: the embedded database of this data folder. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
}

/** Folder of the embedded database within a gateway's data folder. */
export const embeddedFolder = (dataDir: string): string => join(dataDir, "postgres");

/**
 * The database that the gateway writes to, for a command beside it: the given server, or the embedded one, shared with the
 * gateway that runs it at this moment or else started for as long as the command lives.
 */
export async function openDatabase({ databaseUrl, dataDir }: DatabasePlace): Promise<EmbeddedPostgres> {
  if (databaseUrl !== null) return { url: databaseUrl, close: async () => undefined };
  const options = { dataDir: embeddedFolder(dataDir) };
  return (await findEmbeddedPostgres(options)) ?? startEmbeddedPostgres(options);
}

/** false: there is neither a server nor the data of an embedded one, so nothing was ever stored here. */
export async function databaseExists({ databaseUrl, dataDir }: DatabasePlace): Promise<boolean> {
  if (databaseUrl !== null) return true;
  return stat(embeddedFolder(dataDir)).then(
    () => true,
    () => false,
  );
}
