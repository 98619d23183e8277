import pg from "pg";
import { createDayPartitions } from "../storage/day-partitions.ts";
import { createDimensions } from "../storage/dimensions.ts";
import { DEFAULT_SCHEMA } from "../storage/migrate.ts";
import { createRowStore, isDataError, type RowStore, type StoredRows } from "./postgres-store.ts";
import { reduceSpan } from "./reduce-span.ts";
import { countRows, dedupe, halve, readRows, type Rows, type SpansStored } from "./postgres-batch.ts";
import type { Sink } from "./sink.ts";

export interface RefusedRow {
  readonly traceId: string;
  readonly spanId: string;
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
}

/** What became of one write. */
export interface StoredBatch extends StoredRows {
  readonly refused: number;
  readonly durationMs: number;
}

export interface PostgresSinkOptions {
  /** postgres://... */
  readonly url: string;
  /** "genai" by default. */
  readonly schema?: string;
  /** Batches that are written at the same time; 2 by default. */
  readonly connections?: number;
  /**
   * Which spans that are not of GenAI go to the table spans: all of them (the default), those of traces in which a GenAI span
   * was seen lately (genai), or none.
   */
  readonly storeSpans?: SpansStored;
  /** Late spans within this many days get a partition of their own day; 30 by default. */
  readonly retentionDays?: number;
  readonly onStored?: (stored: StoredBatch) => void;
  /** A row that PostgreSQL would take in no form; the rest of its batch is stored. */
  readonly onRefused?: (refused: RefusedRow) => void;
}

const CONNECTIONS = 2;
const RETENTION_DAYS = 30;
const CONNECT_MS_MAX = 10_000;
/** The server ends a statement that takes longer, and a transaction whose gateway was frozen or cut off. */
const STATEMENT_MS_MAX = 60_000;

/**
 * Rows and rollups in one transaction per batch, each span stored and counted once.
 *
 * A batch is COPYed straight into the tables. Their unique keys refuse a batch that has a span which is there already (a
 * client that resends, two collectors, a crash between commit and answer): it is rolled back and done again through a
 * staging table, and only the rows that were really new are counted. `write` resolves after COMMIT.
 */
export function postgresSink(options: PostgresSinkOptions): Sink {
  const schema = pg.escapeIdentifier(options.schema ?? DEFAULT_SCHEMA);
  const pool = createWriterPool(options);
  const store = createRowStore({
    pool,
    schema,
    dimensions: createDimensions(schema),
    partitions: createDayPartitions(schema, options.retentionDays ?? RETENTION_DAYS),
  });
  const read = readRows(options.storeSpans ?? "all");
  return {
    name: "postgres",
    readsSpans: true,
    async write({ spans }) {
      const startMs = performance.now();
      const { rows, repeated } = dedupe(read(spans));
      const stored = await storeOrSetAside(store, rows, options.onRefused ?? (() => undefined));
      options.onStored?.({ ...stored, duplicates: stored.duplicates + repeated, durationMs: performance.now() - startMs });
    },
    close: () => pool.end(),
  };
}

function createWriterPool({ url, connections }: PostgresSinkOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections ?? CONNECTIONS,
    application_name: "genai-otel",
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    idle_in_transaction_session_timeout: STATEMENT_MS_MAX,
    keepAlive: true,
  });
  // Without these two listeners a server that goes away would end the process through an idle or a busy connection.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Halves a batch that PostgreSQL refuses until the row that it refuses stands alone: the others must not suffer for it. */
async function storeOrSetAside(
  store: RowStore,
  rows: Rows,
  onRefused: (row: RefusedRow) => void,
): Promise<StoredRows & { refused: number }> {
  try {
    return { ...(await store.write(rows)), refused: 0 };
  } catch (error) {
    if (!isDataError(error)) throw error;
    if (countRows(rows) === 1) return storeReduced(store, rows, onRefused);
    let total = { traces: 0, spans: 0, duplicates: 0, staged: false, refused: 0 };
    for (const half of halve(rows)) {
      const stored = await storeOrSetAside(store, half, onRefused);
      total = {
        traces: total.traces + stored.traces,
        spans: total.spans + stored.spans,
        duplicates: total.duplicates + stored.duplicates,
        staged: total.staged || stored.staged,
        refused: total.refused + stored.refused,
      };
    }
    return total;
  }
}

/** What is refused is nearly always in the attributes or a text that somebody wrote: without them the counters are kept. */
async function storeReduced(store: RowStore, rows: Rows, onRefused: (row: RefusedRow) => void): Promise<StoredRows & { refused: number }> {
  try {
    const reduced = { traces: rows.traces.map(reduceSpan), spans: rows.spans.map(reduceSpan), held: rows.held };
    return { ...(await store.write(reduced)), refused: 0 };
  } catch (error) {
    if (!isDataError(error)) throw error;
    for (const { span } of [...rows.traces, ...rows.spans])
      onRefused({ traceId: span.traceId, spanId: span.spanId, code: error.code ?? "", message: error.message });
    return { traces: 0, spans: 0, duplicates: 0, staged: false, refused: 1 };
  }
}
