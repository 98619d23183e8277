import { TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";

/** Why spans did not arrive. */
export type LossReason = "the queue was full" | "the export failed" | "the process ended before the export did";
export type NoteLoss = (spans: number, reason: LossReason, error?: Error) => void;

export interface WatchedExport {
  readonly exporter: SpanExporter;
  /** Puts the count of what goes in before a batching processor that hands to `exporter`. */
  before(batching: SpanProcessor): SpanProcessor;
  /** Spans that wait, or whose export has not been answered. */
  unsent(): number;
}

/**
 * The processor sends one batch after the other; where every turn of the event loop is long, an export of many turns takes
 * seconds, and the queue fills. So it is told of success when a batch is on its way, and waits only for one in so many.
 */
const EXPORTS_AT_ONCE_MAX = 6;

/**
 * The SDK drops spans without a word unless its own log is on. What went in, what was handed on and the size of the queue say
 * how many there were.
 */
export function watchLosses(exporter: SpanExporter, queueSpansMax: number, onLoss: NoteLoss): WatchedExport {
  let waiting = 0;
  let exporting = 0;
  let exports = 0;
  const heldBack: ((result: { code: number }) => void)[] = [];
  return {
    unsent: () => waiting + exporting,
    exporter: {
      export(spans, done) {
        waiting -= spans.length;
        exporting += spans.length;
        exports++;
        if (exports >= EXPORTS_AT_ONCE_MAX) heldBack.push(done);
        else done({ code: EXPORT_SUCCESS });
        exporter.export(spans, (result) => {
          exporting -= spans.length;
          exports--;
          heldBack.shift()?.({ code: EXPORT_SUCCESS });
          if (result.code !== EXPORT_SUCCESS) onLoss(spans.length, "the export failed", result.error);
        });
      },
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
      shutdown: () => exporter.shutdown(),
    },
    before: (batching) => ({
      onStart: (span, parentContext) => batching.onStart(span, parentContext),
      onEnd(span: ReadableSpan) {
        const sampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
        if (sampled && waiting >= queueSpansMax) onLoss(1, "the queue was full");
        else if (sampled) waiting++;
        batching.onEnd(span);
      },
      forceFlush: () => batching.forceFlush(),
      shutdown: () => batching.shutdown(),
    }),
  };
}

/** ExportResultCode.SUCCESS of @opentelemetry/core. */
const EXPORT_SUCCESS = 0;

/** The first loss is told soon, what follows at most this often. */
const TELL_AFTER_MS = 1_000;
const TELL_EVERY_MS = 60_000;

export interface LossReport {
  readonly note: NoteLoss;
  /** Tells what has not been told. */
  tell(): void;
}

/** Adds losses up and tells of them in one line; `warn` is where. */
export function lossReport(warn: (message: string) => void): LossReport {
  const losses = new Map<LossReason, { spans: number; error: Error | undefined }>();
  let timer: NodeJS.Timeout | undefined;
  let waitMs = TELL_AFTER_MS;
  const tell = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const [reason, { spans, error }] of losses)
      warn(`${spans} spans are lost: ${reason}${error === undefined ? "" : ` (${error.message || error.name})`}`);
    losses.clear();
  };
  return {
    tell,
    note(spans, reason, error) {
      const before = losses.get(reason)?.spans ?? 0;
      losses.set(reason, { spans: before + spans, error });
      timer ??= setTimeout(tell, waitMs).unref();
      waitMs = TELL_EVERY_MS;
    },
  };
}
