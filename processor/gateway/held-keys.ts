import type { SpanKey } from "../storage/held-requests.ts";

/** Which requests a process holds, as the database has to know of it. */
export interface HeldKeys {
  add(key: SpanKey): void;
  /** Of all traces, or of these. */
  list(traceIds?: Iterable<string>): SpanKey[];
  /** Nothing is held any more of the traces that are not open. */
  release(isOpen: (traceId: string) => boolean): void;
  /** What was released; each is told once. */
  takeReleased(): SpanKey[];
}

export function createHeldKeys(keysMax: number): HeldKeys {
  const traces = new Map<string, SpanKey[]>();
  let released: SpanKey[] = [];
  return {
    add({ traceId, spanId }) {
      const ofTrace = traces.get(traceId) ?? [];
      traces.set(traceId, ofTrace);
      ofTrace.push({ traceId, spanId });
    },
    list: (traceIds = traces.keys()) => [...traceIds].flatMap((traceId) => traces.get(traceId) ?? []),
    release(isOpen) {
      for (const [traceId, ofTrace] of traces) {
        if (isOpen(traceId)) continue;
        traces.delete(traceId);
        released.push(...ofTrace);
      }
      released = released.slice(-keysMax);
    },
    takeReleased() {
      const taken = released;
      released = [];
      return taken;
    },
  };
}
