import pg from "pg";

export interface ClientOptions {
  readonly url: string;
  readonly applicationName: string;
}

const CONNECT_MS_MAX = 5000;
const STATEMENT_MS_MAX = 10_000;

/** A connection for now and then, which a pool would keep for nothing. */
export async function withClient<T>({ url, applicationName }: ClientOptions, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
  });
  // A connection that breaks says so to the query that is under way.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
