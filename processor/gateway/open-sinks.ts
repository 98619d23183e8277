import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Metrics } from "../metrics.ts";
import { batchSink, type BatchLimits } from "../sinks/batch.ts";
import { fanOut } from "../sinks/fan-out.ts";
import { measuredSink } from "../sinks/measured-sink.ts";
import { otlpSink } from "../sinks/otlp.ts";
import { postgresSink } from "../sinks/postgres.ts";
import { describeError, RefusedBatchError, SinkAwayError } from "../sinks/sink-error.ts";
import type { EnrichedBatch, Sink } from "../sinks/sink.ts";
import { decodeSpooled } from "../spool/decode-spooled.ts";
import { openSpool } from "../spool/spool.ts";
import { SpooledSink } from "../spool/spooled-sink.ts";
import type { SinkStatus } from "./admin-routes.ts";
import { readPem } from "./tls.ts";

/** Which of how many processes this is: each has a spool of its own, so that none waits for another. */
export interface WorkerPlace {
  readonly index: number;
  readonly count: number;
}

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
}

/** Spans that may wait for a sink that is slow but not yet too slow. */
const DIRECT_SPANS_MAX = 50_000;
/** A spool with less room than this for the next batch refuses before the batch is read. */
const BLOCKED_RETRY_AFTER_MS = 5000;

/**
 * The way of every batch to each place it has to be durable in:
 * formed across requests -> straight to the sink, or to its spool -> counted.
 */
export async function openSinks(options: OpenSinksOptions): Promise<OpenSinks> {
  const { config, metrics } = options;
  const inner: Sink[] = [];
  if (options.databaseUrl !== null) inner.push(openPostgres(options, options.databaseUrl));
  if (config.forwardEndpoint !== null) inner.push(await openForward(options, config.forwardEndpoint));
  const durable = await Promise.all(inner.map((sink) => makeDurable(measuredSink(sink, metrics), options)));
  const limits: BatchLimits = {
    spansMax: config.batchSpansMax,
    bytesMax: config.batchBytesMax,
    delayMs: config.batchDelayMs,
    writesMax: config.databaseConnections,
  };
  return {
    sink: fanOut(durable.map(({ sink }) => batchSink(sink, limits))),
    blocked: () => (durable.some((sink) => sink.status().blocked) ? new SinkAwayError("a spool is full", BLOCKED_RETRY_AFTER_MS) : null),
    statuses: () => durable.map((sink) => sink.status()),
  };
}

function openPostgres({ config, metrics, log }: OpenSinksOptions, url: string): Sink {
  return postgresSink({
    url,
    schema: config.schema,
    connections: config.databaseConnections,
    retentionDays: config.retentionDays,
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
  const { forwardCaFile, forwardCertFile, forwardKeyFile } = config;
  return otlpSink({
    endpoint,
    protocol: config.forwardProtocol,
    headers: config.forwardHeaders,
    compression: config.forwardCompression,
    timeoutMs: config.forwardTimeoutMs,
    tls: {
      ...(forwardCaFile === null ? {} : { ca: await readPem("FORWARD_OTLP_CA", forwardCaFile) }),
      ...(forwardCertFile === null ? {} : { cert: await readPem("FORWARD_OTLP_CERT", forwardCertFile) }),
      ...(forwardKeyFile === null ? {} : { key: await readPem("FORWARD_OTLP_KEY", forwardKeyFile) }),
    },
    onRejected: (spans, message) => {
      metrics.lostSpans.inc({ sink: "otlp", reason: "partial_success" }, spans);
      log.warn({ sink: "otlp", spans, message }, "the backend took a batch without some of its spans");
    },
  });
}

interface DurableSink {
  readonly sink: Sink;
  status(): SinkStatus;
}

async function makeDurable(inner: Sink, options: OpenSinksOptions): Promise<DurableSink> {
  const { config, place, metrics, log } = options;
  if (config.spoolBytesMax === 0) return withoutSpool(inner);
  const bytesMax = Math.floor(config.spoolBytesMax / place.count);
  const sink = new SpooledSink({
    inner,
    spool: await openSpool({ directory: join(config.spoolDir, inner.name, `worker-${place.index}`), bytesMax, log }),
    slowMs: config.sinkSlowMs,
    directSpansMax: DIRECT_SPANS_MAX,
    decode: (otlp) => decodeSpooled(otlp, config.captureContent),
    log,
    onRefused: (spans, reason) => {
      metrics.lostSpans.inc({ sink: inner.name, reason: "refused" }, spans);
      log.error({ sink: inner.name, spans, reason }, "a sink refuses spans that were accepted while it was away");
    },
  });
  const { spool } = sink;
  return {
    sink,
    status: () => ({
      name: sink.name,
      up: sink.lastFailure === null,
      failure: sink.lastFailure,
      spoolBytes: spool.bytes(),
      spoolBytesMax: bytesMax,
      spoolAgeMs: Math.max(0, Date.now() - (spool.oldestMs() ?? Date.now())),
      blocked: sink.isBlocked(Math.min(config.batchBytesMax, bytesMax / 8)),
    }),
  };
}

/** Without a spool a failure is the sender's to bridge. */
function withoutSpool(inner: Sink): DurableSink {
  let failure: string | null = null;
  return {
    sink: {
      name: inner.name,
      async write(batch: EnrichedBatch) {
        try {
          await inner.write(batch);
          failure = null;
        } catch (error) {
          if (!(error instanceof RefusedBatchError)) failure = describeError(error);
          throw error;
        }
      },
      close: () => inner.close(),
    },
    status: () => ({ name: inner.name, up: failure === null, failure, spoolBytes: 0, spoolBytesMax: 0, spoolAgeMs: 0, blocked: false }),
  };
}
