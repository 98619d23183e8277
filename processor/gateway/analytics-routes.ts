import type { IncomingMessage, ServerResponse } from "node:http";
import pg from "pg";
import { errorPatterns } from "../storage/analytics/error-patterns.ts";
import { providerComparison } from "../storage/analytics/provider-comparison.ts";
import { sendJson } from "./admin-routes.ts";
import type { Route } from "./http.ts";
import { Refusal } from "./refusal.ts";
import { parseTimeRange } from "./time-range.ts";

const CONNECTIONS_MAX = 2;
const CONNECT_MS_MAX = 5000;
/** A question that takes longer is cut off: reading must not starve writing. */
const STATEMENT_MS_MAX = 30_000;
const AWAY_RETRY_AFTER_MS = 5000;

export interface AnalyticsRoutes {
  readonly routes: [string, Route][];
  close(): Promise<void>;
}

/** GET /api/analytics/...: answers from the rollups, on connections that may only read. */
export function analyticsRoutes(databaseUrl: string | null, schema: string): AnalyticsRoutes {
  const pool = databaseUrl === null ? null : createReaderPool(databaseUrl);
  const route = (answer: typeof providerComparison | typeof errorPatterns): Route => ({
    methods: ["GET"],
    access: "read",
    handle: async (request, response) => sendAnswer(pool, request, response, (db, sinceMs) => answer(db, { schema, sinceMs })),
  });
  return {
    routes: [
      ["/api/analytics/provider-comparison", route(providerComparison)],
      ["/api/analytics/error-patterns", route(errorPatterns)],
    ],
    close: async () => pool?.end(),
  };
}

function createReaderPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    application_name: "genai-otel analytics",
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    options: "-c default_transaction_read_only=on",
  });
  // A server that goes away would otherwise end the process through an idle connection.
  pool.on("error", () => undefined);
  return pool;
}

async function sendAnswer(
  pool: pg.Pool | null,
  request: IncomingMessage,
  response: ServerResponse,
  answer: (db: pg.Pool, sinceMs: number) => Promise<unknown>,
): Promise<void> {
  if (pool === null) throw new Refusal("not_found", "this gateway only forwards: there is no database to ask (DATABASE_URL)");
  const sinceMs = parseTimeRange(new URL(request.url ?? "/", "http://gateway").searchParams.get("timeRange"));
  if (sinceMs === null) throw new Refusal("malformed", "timeRange: expected a number and m, h, d or w, such as 24h or 7d, up to 400d");
  sendJson(response, 200, await answerOrAway(() => answer(pool, sinceMs)));
}

async function answerOrAway<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new Refusal(
      "unavailable",
      `the database cannot answer just now (${(error as { code?: string }).code ?? "no connection"})`,
      AWAY_RETRY_AFTER_MS,
    );
  }
}
