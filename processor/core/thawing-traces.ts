import type { QuietColumns } from "./quiet-columns.ts";
import type { RecentTraces } from "./recent-traces.ts";
import type { Trace } from "./trace-memory.ts";

/** The ordinary traces of a memory, and those kept as numbers: whoever asks for one of these makes it an ordinary one. */
export interface ThawingTraces {
  /** null where no spans come in columns. */
  quiet: QuietColumns | null;
  readonly get: (traceId: string) => Trace | undefined;
  readonly touch: (traceId: string) => Trace | undefined;
  readonly begin: (nowMs: number | undefined) => void;
  readonly size: () => number;
  readonly lost: () => number;
}

/** No batch's number. */
const BEFORE_ALL = -1;

export function createThawingTraces(ordinary: RecentTraces): ThawingTraces {
  const traces: ThawingTraces = {
    quiet: null,
    get: (traceId) => ordinary.get(traceId) ?? thaw(traceId, ordinary.get),
    touch: (traceId) => ordinary.touch(traceId) ?? thaw(traceId, ordinary.touch),
    begin(nowMs) {
      ordinary.begin(nowMs);
      traces.quiet?.begin(nowMs);
    },
    size: () => ordinary.size() + (traces.quiet?.size ?? 0),
    lost: () => ordinary.lost() + (traces.quiet?.lost ?? 0),
  };

  /** Its age is that of its last span, not of the moment in which somebody asks for it. */
  function thaw(traceId: string, find: (traceId: string) => Trace | undefined): Trace | undefined {
    const touchedMs = traces.quiet?.thaw(traceId) ?? null;
    const trace = touchedMs === null ? undefined : ordinary.get(traceId);
    if (trace === undefined) return undefined;
    Object.assign(trace, { touchedMs, turn: BEFORE_ALL });
    return find(traceId);
  }

  return traces;
}
