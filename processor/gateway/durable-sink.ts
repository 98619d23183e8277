import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Metrics } from "../metrics.ts";
import { failureCode, RefusedBatchError } from "../sinks/sink-error.ts";
import type { Sink } from "../sinks/sink.ts";
import { OTLP_CONTENT, rowsContent } from "../spool/record-content.ts";
import { openSpool } from "../spool/spool.ts";
import { SpooledSink } from "../spool/spooled-sink.ts";
import { mergeSinkStatuses, type SinkStatus } from "./sink-status.ts";

/** Which of how many processes this is: each has a spool of its own, so that none waits for another. */
export interface WorkerPlace {
  readonly index: number;
  readonly count: number;
}

export interface DurableSinkOptions {
  readonly config: Config;
  readonly place: WorkerPlace;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface DurableSink {
  readonly sink: Sink;
  /** Nothing more can be kept just now. */
  isBlocked(): boolean;
  status(): SinkStatus;
}

/** Spans that may wait for a sink that is slow but not yet too slow. */
const DIRECT_SPANS_MAX = 50_000;

/** A sink with a spool, unless there is to be none. */
export function makeDurable(inner: Sink, options: DurableSinkOptions): Promise<DurableSink> {
  return options.config.spoolBytesMax === 0 ? Promise.resolve(withoutSpool(inner)) : withSpool(inner, options);
}

async function withSpool(inner: Sink, options: DurableSinkOptions): Promise<DurableSink> {
  const { config, place } = options;
  const directory = join(config.spoolDir, inner.name);
  const bytesMax = Math.floor(config.spoolBytesMax / place.count);
  const open = async (worker: number, sink: Sink): Promise<SpooledSink> =>
    spooledSinkOf(sink, {
      ...options,
      spool: await openSpool({ directory: join(directory, `worker-${worker}`), bytesMax, log: options.log }),
    });
  const own = await open(place.index, inner);
  const left = await Promise.all((await orphanedWorkers(directory, place)).map((worker) => open(worker, keptOpen(inner))));
  const nextBytes = Math.min(config.batchBytesMax, bytesMax / 8);
  const statusOf = (sink: SpooledSink): SinkStatus => ({
    name: sink.name,
    up: sink.lastFailure === null,
    failure: sink.lastFailure,
    spoolBytes: sink.spool.bytes(),
    spoolBytesMax: sink === own ? bytesMax : 0,
    spoolAgeMs: Math.max(0, Date.now() - (sink.spool.oldestMs() ?? Date.now())),
    blocked: sink === own && sink.isBlocked(nextBytes),
  });
  return {
    sink: {
      name: own.name,
      readsSpans: own.readsSpans,
      readsBytes: own.readsBytes,
      write: (batch) => own.write(batch),
      async close() {
        await Promise.all(left.map((sink) => sink.close()));
        await own.close();
      },
    },
    isBlocked: () => own.isBlocked(nextBytes),
    status: () => mergeSinkStatuses([own, ...left].map(statusOf))[0] ?? statusOf(own),
  };
}

function spooledSinkOf(
  inner: Sink,
  { spool, config, metrics, log }: DurableSinkOptions & { readonly spool: SpooledSink["spool"] },
): SpooledSink {
  return new SpooledSink({
    inner,
    spool,
    slowMs: config.sinkSlowMs,
    directSpansMax: DIRECT_SPANS_MAX,
    content: inner.readsSpans ? rowsContent(config.captureContent) : OTLP_CONTENT,
    log,
    onRefused: (spans, reason) => {
      metrics.lostSpans.inc({ sink: inner.name, reason: "refused" }, spans);
      log.error({ sink: inner.name, spans, reason }, "a sink refuses spans that were accepted while it was away");
    },
  });
}

/** Spools of workers that are no more, because there were more of them before: shared out among those that are. */
async function orphanedWorkers(directory: string, { index, count }: WorkerPlace): Promise<number[]> {
  const names = await readdir(directory).catch(() => []);
  const workers = names.flatMap((name) => /^worker-(\d+)$/.exec(name)?.[1] ?? []).map(Number);
  return workers.filter((worker) => worker >= count && worker % count === index);
}

/** The same sink for a second user, who does not own it. */
function keptOpen(inner: Sink): Sink {
  const { name, readsSpans, readsBytes } = inner;
  return { name, readsSpans, readsBytes, write: (batch) => inner.write(batch), close: async () => undefined };
}

/** Without a spool a failure is the sender's to bridge. */
function withoutSpool(inner: Sink): DurableSink {
  let failure: string | null = null;
  return {
    sink: {
      name: inner.name,
      readsSpans: inner.readsSpans,
      readsBytes: inner.readsBytes,
      async write(batch) {
        try {
          await inner.write(batch);
          batch.release?.();
          failure = null;
        } catch (error) {
          if (!(error instanceof RefusedBatchError)) failure = failureCode(error);
          throw error;
        }
      },
      close: () => inner.close(),
    },
    isBlocked: () => false,
    status: () => ({ name: inner.name, up: failure === null, failure, spoolBytes: 0, spoolBytesMax: 0, spoolAgeMs: 0, blocked: false }),
  };
}
