import type { LiveSdkSpan } from "./span-processor-sdk.ts";

/** Spans under way, by id, and how many there are of each trace. */
export class LiveSpans {
  private readonly spansMax: number;
  private readonly spans = new Map<string, LiveSdkSpan>();
  private readonly perTrace = new Map<string, number>();

  constructor(spansMax: number) {
    this.spansMax = spansMax;
  }

  get size(): number {
    return this.spans.size;
  }

  /** @returns the id of the oldest span, where it had to make room */
  add(span: LiveSdkSpan): string | undefined {
    const { spanId, traceId } = span.spanContext();
    const oldest = this.spans.size < this.spansMax ? undefined : this.spans.keys().next().value;
    if (oldest !== undefined) this.remove(oldest);
    this.spans.set(spanId, span);
    this.perTrace.set(traceId, (this.perTrace.get(traceId) ?? 0) + 1);
    return oldest;
  }

  get(spanId: string): LiveSdkSpan | undefined {
    return this.spans.get(spanId);
  }

  remove(spanId: string): void {
    const span = this.spans.get(spanId);
    if (span === undefined) return;
    this.spans.delete(spanId);
    const { traceId } = span.spanContext();
    const left = (this.perTrace.get(traceId) ?? 1) - 1;
    if (left > 0) this.perTrace.set(traceId, left);
    else this.perTrace.delete(traceId);
  }

  /** Whether a span of this trace is under way. */
  has(traceId: string): boolean {
    return this.perTrace.has(traceId);
  }

  clear(): void {
    this.spans.clear();
    this.perTrace.clear();
  }
}
