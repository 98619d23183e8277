import type { BufferPool } from "../buffer-pool.ts";
import { countEnriched, type Metrics } from "../metrics.ts";
import type { BodyEncoding } from "../otlp/partial-success.ts";
import type { ScannedBatch } from "../otlp/scan-traces.ts";
import { MalformedError } from "../otlp/wire-reader.ts";
import { type Ingested, ingest } from "../pipeline.ts";
import { RefusedBatchError, SinkAwayError } from "../sinks/sink-error.ts";
import type { Sink } from "../sinks/sink.ts";
import type { Enricher } from "./enricher.ts";
import { Refusal } from "./refusal.ts";
import type { HeldCopy, RequestSettler } from "./settle-requests.ts";

/** What to tell a sender when a sink failed without saying for how long. */
const AWAY_RETRY_AFTER_MS = 5000;

export interface ReceiverOptions {
  readonly enricher: Pick<Enricher, "begin">;
  readonly settler: Pick<RequestSettler, "copy" | "hold">;
  readonly sink: Sink;
  /** Bodies that are from there go back as soon as they are read. */
  readonly pool: BufferPool;
  /** Why nothing can be taken just now; null otherwise. */
  readonly blocked: () => SinkAwayError | null;
  readonly metrics: Metrics;
}

const NOTHING_HELD: readonly HeldCopy[] = [];

/** The service behind every door. */
export interface Receiver {
  /** Answers the ExportTraceServiceResponse when all spans are durable; throws Refusal where they cannot be. */
  receive(body: Uint8Array, encoding: BodyEncoding, transport: string): Promise<Uint8Array>;
  /** Whether a request would be refused before its body is read. */
  isReady(): boolean;
  /** Throws the Refusal that a request would get anyway, before its body is read. */
  assertReady(): void;
}

export function createReceiver({ enricher, settler, sink, pool, blocked, metrics }: ReceiverOptions): Receiver {
  const keepSpans = sink.readsSpans;
  const writesBytes = sink.readsBytes !== false;
  return {
    isReady: () => blocked() === null,
    assertReady() {
      const away = blocked();
      if (away !== null) throw new Refusal("unavailable", away.message, away.retryAfterMs);
    },
    async receive(body, encoding, transport) {
      const { options, unclaimed } = enricher.begin();
      const { context, captureContent } = options;
      let held: readonly HeldCopy[] = NOTHING_HELD;
      const onScanned = ({ batch }: ScannedBatch): void => {
        if (unclaimed.length > 0) held = settler.copy(batch, unclaimed);
      };
      let ingested: Ingested;
      try {
        ingested = await ingest(body, encoding, { context, captureContent, keepSpans, writesBytes, sink, pool, onScanned });
      } catch (error) {
        throw refusalOf(error);
      }
      settler.hold(held);
      count(metrics, transport, ingested.scanned);
      return ingested.response;
    },
  };
}

function count(metrics: Metrics, transport: string, { batch, rejectedSpans, rejectionReasons, counts }: ScannedBatch): void {
  metrics.receivedSpans.add(transport, batch.spanCount + rejectedSpans);
  for (const [reason, spans] of rejectionReasons) metrics.refusedSpans.inc({ reason }, spans);
  countEnriched(metrics, counts);
}

/** By default a failure is passing: what the sender keeps is not lost. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof MalformedError) return new Refusal("malformed", error.message);
  if (error instanceof RefusedBatchError) return new Refusal("malformed", `refused for good by a backend: ${error.message}`);
  const retryAfterMs = error instanceof SinkAwayError ? Math.max(error.retryAfterMs, 1000) : AWAY_RETRY_AFTER_MS;
  return new Refusal("unavailable", "the spans cannot be stored just now, come again", retryAfterMs);
}
