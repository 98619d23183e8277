import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { mergeBatches } from "../sinks/batch.ts";
import { backoffMs } from "../sinks/backoff.ts";
import { describeError, failureCode, RefusedBatchError } from "../sinks/sink-error.ts";
import type { EnrichedBatch, Sink } from "../sinks/sink.ts";
import type { RecordContent } from "./record-content.ts";
import type { Spool, SpoolChunk } from "./spool.ts";
import { createTimeLimit, type TimeLimit } from "./time-limit.ts";

/** Bytes that one write takes out of the spool: some thousand spans, and little memory beside what arrives meanwhile. */
const DRAIN_BYTES_MAX = 1024 * 1024;
const BACKOFF = { firstMs: 250, maxMs: 15_000 };
/** After an append that failed, senders are told to wait for so long, unless a drain makes room before. */
const BLOCKED_MS = 5000;

export interface SpooledSinkOptions {
  readonly inner: Sink;
  readonly spool: Spool;
  /** A write that takes longer than this goes to the spool as well, and the sender need not wait for it. */
  readonly slowMs: number;
  /** Spans that may wait in the sink's own queue; beyond it the spool takes them. */
  readonly directSpansMax: number;
  readonly content: RecordContent;
  readonly log: Logger;
  /** Hears of spans that had been accepted and that the sink then refused for good. */
  readonly onRefused: (spans: number, reason: string) => void;
}

/**
 * Makes every batch durable, now or later. While the sink takes batches in time they go straight to it. As soon as it is
 * away or slow they are appended to the spool, which counts as durable, and the spool is drained in order until it is
 * empty; only then do batches go straight to the sink again, so that nothing overtakes.
 *
 * A slow write that succeeds after its batch went to the spool is delivered twice. PostgreSQL counts a span once whatever
 * arrives; an OTLP backend has to know a span by its id, as Tempo does.
 */
export class SpooledSink implements Sink {
  readonly name: string;
  readonly readsSpans: boolean;
  readonly readsBytes: boolean | undefined;
  readonly spool: Spool;
  readonly #options: SpooledSinkOptions;
  readonly #inTime: TimeLimit;
  readonly #stopped = new AbortController();
  #directSpans = 0;
  #failure: string | null = null;
  #draining: Promise<void> | null = null;
  #blockedUntilMs = 0;

  constructor(options: SpooledSinkOptions) {
    this.name = options.inner.name;
    this.readsSpans = options.inner.readsSpans;
    this.readsBytes = options.inner.readsBytes;
    this.spool = options.spool;
    this.#options = options;
    this.#inTime = createTimeLimit(options.slowMs);
    if (!options.spool.isEmpty()) this.#startDraining();
  }

  /** Nothing more can be kept just now: whoever comes next would be refused. `bytes` is what the next batch may need. */
  isBlocked(bytes: number): boolean {
    return Date.now() < this.#blockedUntilMs || (!this.spool.isEmpty() && this.spool.isFull(bytes));
  }

  /** Code of why the last write failed; null when it succeeded. */
  get lastFailure(): string | null {
    return this.#failure;
  }

  write(batch: EnrichedBatch): Promise<void> {
    const straight = this.spool.isEmpty() && this.#draining === null && this.#directSpans < this.#options.directSpansMax;
    return straight ? this.#writeDirectly(batch) : this.#append(batch).then(() => batch.release?.());
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#draining;
    await this.#options.inner.close();
    await this.spool.close();
  }

  async #writeDirectly(batch: EnrichedBatch): Promise<void> {
    this.#directSpans += batch.spanCount;
    try {
      await this.#inTime(this.#options.inner.write(batch));
      // After a write that was too slow the sink may still be reading.
      batch.release?.();
      this.#noteSuccess();
    } catch (error) {
      if (error instanceof RefusedBatchError) throw error;
      this.#noteFailure(error);
      await this.#append(batch);
    } finally {
      this.#directSpans -= batch.spanCount;
    }
  }

  async #append(batch: EnrichedBatch): Promise<void> {
    try {
      await this.spool.append(this.#options.content.encode(batch));
    } catch (error) {
      if (Date.now() >= this.#blockedUntilMs)
        this.#options.log.error({ sink: this.name, error: describeError(error) }, "the spool takes no more: senders are told to wait");
      this.#blockedUntilMs = Date.now() + BLOCKED_MS;
      throw error;
    } finally {
      this.#startDraining();
    }
  }

  #startDraining(): void {
    if (this.#stopped.signal.aborted) return;
    this.#draining ??= this.#drain()
      .catch((error: unknown) => this.#options.log.error({ sink: this.name, error: describeError(error) }, "the spool cannot be read"))
      .finally(() => {
        this.#draining = null;
        // What was appended as the drain ended, or could not be read just now.
        if (!this.spool.isEmpty()) setTimeout(() => this.#startDraining(), BACKOFF.firstMs).unref();
      });
  }

  async #drain(): Promise<void> {
    for (let failures = 0; !this.#stopped.signal.aborted;) {
      const chunk = await this.spool.peek(DRAIN_BYTES_MAX);
      if (chunk === null) return;
      try {
        await this.#writeChunk(chunk);
        this.#noteSuccess();
        failures = 0;
      } catch (error) {
        this.#noteFailure(error);
        await this.#pause(backoffMs(failures++, BACKOFF, error));
      }
    }
  }

  async #writeChunk(chunk: SpoolChunk): Promise<void> {
    const batches = await this.#decode(chunk);
    try {
      if (batches.length > 0) await this.#options.inner.write(mergeBatches(batches));
    } catch (error) {
      if (!(error instanceof RefusedBatchError)) throw error;
      for (const batch of batches) await this.#writeAlone(batch);
    }
    await chunk.advance();
    this.#blockedUntilMs = 0;
  }

  /** One batch alone, after it was refused in company. */
  async #writeAlone(batch: EnrichedBatch): Promise<void> {
    try {
      await this.#options.inner.write(batch);
    } catch (error) {
      if (!(error instanceof RefusedBatchError)) throw error;
      this.#options.onRefused(batch.spanCount, describeError(error));
    }
  }

  async #decode({ payloads, setAside }: SpoolChunk): Promise<EnrichedBatch[]> {
    const batches: EnrichedBatch[] = [];
    for (const record of payloads) {
      try {
        batches.push(this.#options.content.decode(record));
      } catch (error) {
        const aside = await setAside();
        this.#options.log.error(
          { sink: this.name, error: describeError(error), aside },
          "a record of the spool cannot be read: the others go on, a copy of its file is set aside",
        );
      }
    }
    return batches;
  }

  #noteFailure(error: unknown): void {
    const described = describeError(error);
    if (this.#failure === null)
      this.#options.log.warn({ sink: this.name, error: described }, "a sink is away: spans go to its spool until it is back");
    this.#failure = failureCode(error);
  }

  #noteSuccess(): void {
    if (this.#failure !== null) this.#options.log.info({ sink: this.name }, "a sink is back");
    this.#failure = null;
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => undefined);
  }
}
