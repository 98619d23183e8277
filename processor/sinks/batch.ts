import type { EncodedRows } from "./encoded-rows.ts";
import { RefusedBatchError } from "./sink-error.ts";
import type { EnrichedBatch, EnrichedSpan, Sink } from "./sink.ts";

export interface BatchLimits {
  readonly spansMax: number;
  readonly bytesMax: number;
  /** Longest wait for more spans while a write is under way; an idle sink is written to at once. */
  readonly delayMs: number;
  /** Writes at a time that wait for more; a full batch is written whatever is under way. */
  readonly writesMax: number;
}

/** What one request put into a batch, and whom to tell. */
interface Part {
  readonly batch: EnrichedBatch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Forms larger batches across requests in front of another sink, as a database's group commit does: while writes are under
 * way the next batch gathers; when the sink is idle nothing waits. `write` resolves when the batch its spans went with is
 * durable. A batch that is refused for good is tried again part by part, so that one request cannot fail its neighbours.
 */
export function batchSink(inner: Sink, limits: BatchLimits): Sink {
  let parts: Part[] = [];
  let spans = 0;
  let bytes = 0;
  let writes = 0;
  /** When what waits is written whatever is under way; 0: nothing waits for that. */
  let dueMs = 0;
  /** Outlives what it was set for: with a timer for each batch, most of them are made and thrown away. */
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;
  /** Hears that no write is under way any more. */
  let onIdle: (() => void) | null = null;

  function schedule(): void {
    if (parts.length === 0 || turn !== undefined) return;
    // One turn of the event loop gathers what arrived together; after that an idle sink has nothing to wait for.
    if (writes === 0 || onIdle !== null) turn = setImmediate(flush);
    else if (writes < limits.writesMax && dueMs === 0) {
      dueMs = performance.now() + limits.delayMs;
      timer ??= setTimeout(onTime, limits.delayMs);
    }
  }

  function onTime(): void {
    timer = undefined;
    if (dueMs === 0) return;
    const leftMs = Math.ceil(dueMs - performance.now());
    if (leftMs > 0) timer = setTimeout(onTime, leftMs);
    else flush();
  }

  function flush(): void {
    clearImmediate(turn);
    dueMs = 0;
    turn = undefined;
    if (parts.length === 0) return;
    const flushed = parts;
    parts = [];
    spans = 0;
    bytes = 0;
    writes += 1;
    void writeParts(inner, flushed).then(onDone);
  }

  function onDone(): void {
    writes -= 1;
    schedule();
    if (writes === 0 && parts.length === 0) onIdle?.();
  }

  return {
    name: inner.name,
    readsSpans: inner.readsSpans,
    readsBytes: inner.readsBytes,
    write(batch) {
      return new Promise((resolve, reject) => {
        if (spans + batch.spanCount > limits.spansMax || bytes + batch.sizeBytes > limits.bytesMax) flush();
        parts.push({ batch, resolve, reject });
        spans += batch.spanCount;
        bytes += batch.sizeBytes;
        if (spans >= limits.spansMax || bytes >= limits.bytesMax) flush();
        else schedule();
      });
    },
    async close() {
      const idle = new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      flush();
      clearTimeout(timer);
      if (writes > 0) await idle;
      await inner.close();
    },
  };
}

/** Tells every part what became of it; does not reject. */
async function writeParts(inner: Sink, parts: readonly Part[]): Promise<void> {
  try {
    await inner.write(mergeBatches(parts.map(({ batch }) => batch)));
    for (const { resolve } of parts) resolve();
  } catch (error) {
    if (error instanceof RefusedBatchError && parts.length > 1) return writeOneByOne(inner, parts);
    for (const { reject } of parts) reject(error);
  }
}

async function writeOneByOne(inner: Sink, parts: readonly Part[]): Promise<void> {
  for (const part of parts) await writeParts(inner, [part]);
}

/** Several batches as one. Concatenated requests are one request: `resource_spans` is a repeated field (protobuf encoding, "last one wins" and merging). */
export function mergeBatches(batches: readonly EnrichedBatch[]): EnrichedBatch {
  const [first] = batches;
  return first !== undefined && batches.length === 1 ? first : new MergedBatch(batches);
}

class MergedBatch implements EnrichedBatch {
  readonly spanCount: number;
  readonly sizeBytes: number;
  readonly #batches: readonly EnrichedBatch[];

  constructor(batches: readonly EnrichedBatch[]) {
    this.#batches = batches;
    this.spanCount = batches.reduce((count, { spanCount }) => count + spanCount, 0);
    this.sizeBytes = batches.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  }

  get spans(): readonly EnrichedSpan[] {
    return this.#batches.flatMap(({ spans }) => spans);
  }

  get rows(): readonly EncodedRows[] | undefined {
    const rows = this.#batches.map((batch) => batch.rows);
    return rows.every((ofBatch) => ofBatch !== undefined) ? rows.flat() : undefined;
  }

  get parts(): readonly Uint8Array[] {
    return this.#batches.flatMap(({ parts, otlp }) => parts ?? otlp);
  }

  get otlp(): Uint8Array {
    return Buffer.concat(this.parts);
  }

  get plain(): Uint8Array {
    return Buffer.concat(this.#batches.map(({ plain, otlp }) => plain ?? otlp));
  }

  release(): void {
    for (const batch of this.#batches) batch.release?.();
  }
}
