import type { BufferPool } from "./buffer-pool.ts";
import { type BodyEncoding, exportResponse } from "./otlp/partial-success.ts";
import { scanJsonTraces } from "./otlp/scan-json-traces.ts";
import { type ScannedBatch, type ScanOptions, scanTraces } from "./otlp/scan-traces.ts";
import type { Sink } from "./sinks/sink.ts";

export interface IngestContext extends ScanOptions {
  /** Batches, fans out, spools: whatever stands between here and what is durable. Where nothing else is said, spans are kept if it reads them. */
  readonly sink: Sink;
  /** Where `body` came from, and goes back to as soon as nothing needs it. */
  readonly pool?: BufferPool;
  /** Hears of the batch while its spans can be read: they are views of memory that others use once they are durable. */
  readonly onScanned?: (scanned: ScannedBatch) => void;
}

export interface Ingested {
  readonly scanned: ScannedBatch;
  /** ExportTraceServiceResponse, in the request's own encoding. */
  readonly response: Uint8Array;
}

/**
 * The gateway less the network. A request goes the quick way (otlp/scan-columns.ts: spans are recognised, enriched by columns
 * and written by a kernel) or, where that declines it, the ordinary one: its bytes are read in one pass that takes out of
 * every span what enrichment needs (otlp/scan-request.ts), the core finds what each call was, cost and failed of
 * (core/enrich.ts), and they are written again with the new attributes (otlp/emit-request.ts). What comes out is the same. The
 * batch goes to the sinks (sinks/). Resolves when all its spans are durable; rejects with MalformedError for a body that is no
 * request, and with the sink's error for everything that may be tried again.
 */
export async function ingest(body: Uint8Array, encoding: BodyEncoding, context: IngestContext): Promise<Ingested> {
  const options =
    context.keepSpans === undefined
      ? { ...context, keepSpans: context.sink.readsSpans, writesBytes: context.sink.readsBytes !== false }
      : context;
  const scanned = encoding === "json" ? scanJsonTraces(body, options) : scanTraces(body, options);
  const { pool } = context;
  if (pool !== undefined && !options.keepSpans && scanned.batch.otlp.buffer !== body.buffer) pool.give(body);
  context.onScanned?.(scanned);
  if (scanned.batch.spanCount > 0) await context.sink.write(scanned.batch);
  return { scanned, response: exportResponse(scanned, encoding) };
}
