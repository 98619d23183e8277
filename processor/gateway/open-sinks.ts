import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Metrics } from "../metrics.ts";
import { batchSink, type BatchLimits } from "../sinks/batch.ts";
import { fanOut } from "../sinks/fan-out.ts";
import { measuredSink } from "../sinks/measured-sink.ts";
import { otlpSink } from "../sinks/otlp.ts";
import { postgresSink } from "../sinks/postgres.ts";
import { SinkAwayError } from "../sinks/sink-error.ts";
import type { EnrichedSpan, Sink } from "../sinks/sink.ts";
import { makeDurable, type WorkerPlace } from "./durable-sink.ts";
import { readForwardTls, watchForwardTls } from "./forward-tls.ts";
import { promoteRows } from "./promote-rows.ts";
import type { SinkStatus } from "./sink-status.ts";

export interface OpenSinksOptions {
  readonly config: Config;
  /** null: no PostgreSQL. */
  readonly databaseUrl: string | null;
  readonly place: WorkerPlace;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface OpenSinks {
  readonly sink: Sink;
  /** Why nothing can be taken just now; null otherwise. */
  blocked(): SinkAwayError | null;
  statuses(): SinkStatus[];
  /** Makes rows of model calls out of rows of plain spans; without a database there is nothing to do. */
  promote(calls: readonly EnrichedSpan[]): Promise<void>;
}

/** A spool with less room than this for the next batch refuses before the batch is read. */
const BLOCKED_RETRY_AFTER_MS = 5000;

/**
 * The way of every batch to each place it has to be durable in:
 * formed across requests -> straight to the sink, or to its spool -> counted.
 */
export async function openSinks(options: OpenSinksOptions): Promise<OpenSinks> {
  const { config, metrics } = options;
  const { databaseUrl: url } = options;
  const postgres = url === null ? null : { sink: openPostgres(options, url), url, schema: config.schema };
  const forward = config.forwardEndpoint === null ? null : await openForward(options, config.forwardEndpoint);
  const inner = [postgres?.sink ?? null, forward].filter((sink) => sink !== null);
  const durable = await Promise.all(inner.map((sink) => makeDurable(measuredSink(sink, metrics), options)));
  const limits: BatchLimits = {
    spansMax: config.batchSpansMax,
    bytesMax: config.batchBytesMax,
    delayMs: config.batchDelayMs,
    writesMax: config.databaseConnections,
  };
  return {
    sink: fanOut(durable.map(({ sink }) => batchSink(sink, limits))),
    blocked: () => (durable.some((sink) => sink.isBlocked()) ? new SinkAwayError("a spool is full", BLOCKED_RETRY_AFTER_MS) : null),
    statuses: () => durable.map((sink) => sink.status()),
    promote: async (calls) => (postgres === null ? undefined : promoteRows(calls, postgres)),
  };
}

function openPostgres({ config, metrics, log }: OpenSinksOptions, url: string): Sink {
  return postgresSink({
    url,
    schema: config.schema,
    connections: config.databaseConnections,
    retentionDays: config.retentionDays,
    storeSpans: config.storeSpans,
    onStored: ({ traces, spans, duplicates }) => {
      metrics.storedSpans.inc(traces + spans);
      metrics.duplicateSpans.inc(duplicates);
    },
    onRefused: (row) => {
      metrics.lostSpans.inc({ sink: "postgres", reason: "refused" });
      log.error(row, "PostgreSQL refuses a span in every form; the others of its batch are stored");
    },
  });
}

async function openForward({ config, metrics, log }: OpenSinksOptions, endpoint: string): Promise<Sink> {
  const sink = otlpSink({
    endpoint,
    protocol: config.forwardProtocol,
    headers: config.forwardHeaders,
    compression: config.forwardCompression,
    timeoutMs: config.forwardTimeoutMs,
    tls: await readForwardTls(config),
    onRejected: (spans, message) => {
      metrics.lostSpans.inc({ sink: "otlp", reason: "partial_success" }, spans);
      log.warn({ sink: "otlp", spans, message }, "the backend took a batch without some of its spans");
    },
  });
  const renewal = watchForwardTls(config, log, (tls) => sink.renew(tls));
  return {
    ...sink,
    async close() {
      renewal.close();
      await sink.close();
    },
  };
}
