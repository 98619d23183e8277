import pg from "pg";
import { createDayPartitions } from "../storage/day-partitions.ts";
import { createDimensions } from "../storage/dimensions.ts";
import { DEFAULT_SCHEMA } from "../storage/migrate.ts";
import { createRowStore, isDataError, type RowStore, type StoredRows } from "./postgres-store.ts";
import { reduceSpan } from "./reduce-span.ts";
import { RowsWriter } from "./rows-writer.ts";
import type { EncodedRows } from "./encoded-rows.ts";
import type { SpansStored } from "./postgres-batch.ts";
import type { EnrichedBatch, EnrichedSpan, Sink } from "./sink.ts";

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
    storeSpans: options.storeSpans ?? "all",
    dimensions: createDimensions(schema),
    partitions: createDayPartitions(schema, options.retentionDays ?? RETENTION_DAYS),
  });
  const writing: Writing = { store, writer: new RowsWriter(null), onRefused: options.onRefused ?? (() => undefined) };
  return {
    name: "postgres",
    readsSpans: true,
    readsBytes: false,
    async write(batch) {
      const startMs = performance.now();
      const stored = await storeOrHalve(writing, batch);
      options.onStored?.({ ...stored, durationMs: performance.now() - startMs });
    },
    close: () => pool.end(),
  };
}

interface Writing {
  readonly store: RowStore;
  /** Of spans that came without rows. */
  readonly writer: RowsWriter;
  readonly onRefused: (row: RefusedRow) => void;
}

type Outcome = StoredRows & { readonly refused: number };

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
async function storeOrHalve(writing: Writing, batch: Pick<EnrichedBatch, "rows" | "spans">): Promise<Outcome> {
  try {
    return { ...(await writing.store.write(batch.rows ?? [rowsOf(batch.spans, writing)])), refused: 0 };
  } catch (error) {
    if (!isDataError(error)) throw error;
    const { spans } = batch;
    if (spans.length <= 1) return storeReduced(writing, spans);
    const middle = Math.ceil(spans.length / 2);
    const first = await storeOrHalve(writing, { spans: spans.slice(0, middle) });
    const second = await storeOrHalve(writing, { spans: spans.slice(middle) });
    return {
      traces: first.traces + second.traces,
      spans: first.spans + second.spans,
      duplicates: first.duplicates + second.duplicates,
      staged: first.staged || second.staged,
      refused: first.refused + second.refused,
    };
  }
}

/** What is refused is nearly always in the attributes or a text that somebody wrote: without them the counters are kept. */
async function storeReduced(writing: Writing, spans: readonly EnrichedSpan[]): Promise<Outcome> {
  try {
    return { ...(await writing.store.write([rowsOf(spans.map(reduceSpan), writing)])), refused: 0 };
  } catch (error) {
    if (!isDataError(error)) throw error;
    for (const { span } of spans)
      writing.onRefused({ traceId: span.traceId, spanId: span.spanId, code: error.code ?? "", message: error.message });
    return { traces: 0, spans: 0, duplicates: 0, staged: false, refused: spans.length };
  }
}

function rowsOf(spans: readonly EnrichedSpan[], { writer }: Writing): EncodedRows {
  writer.begin(null);
  for (const enriched of spans) writer.add(enriched);
  return writer.end();
}
