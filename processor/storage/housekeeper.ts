import pg from "pg";
import { keepHouse, type HouseKept } from "./housekeeping.ts";

export interface HousekeeperOptions {
  /** postgres://... */
  readonly url: string;
  readonly schema?: string;
  readonly retentionDays: number;
  readonly onKept?: (kept: HouseKept) => void;
  /** A round that failed; the next one tries again. */
  readonly onError?: (error: unknown) => void;
}

export interface Housekeeper {
  close(): Promise<void>;
}

/** Partitions are made days ahead, so a round may fail many times before it matters. */
const ROUND_MS = 3_600_000;
const CONNECT_MS_MAX = 10_000;

/** Keeps house at once and then every hour, on a connection of its own that lives for one round. */
export function startHousekeeper(options: HousekeeperOptions): Housekeeper {
  let round = keepHouseOnce(options);
  const timer = setInterval(() => {
    round = round.then(() => keepHouseOnce(options));
  }, ROUND_MS);
  // Housekeeping alone is no reason for the process to live.
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await round;
    },
  };
}

async function keepHouseOnce({ url, schema, retentionDays, onKept, onError }: HousekeeperOptions): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "genai-otel housekeeping",
    connectionTimeoutMillis: CONNECT_MS_MAX,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const kept = await keepHouse(client, { ...(schema === undefined ? {} : { schema }), retentionDays, nowMs: Date.now() });
    if (kept !== null) onKept?.(kept);
  } catch (error) {
    onError?.(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
