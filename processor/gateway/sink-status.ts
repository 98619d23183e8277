/** One sink as its gateway process sees it. */
export interface SinkStatus {
  readonly name: string;
  readonly up: boolean;
  /** Code of what is in its way ("ECONNREFUSED", "57P03"), else "failed"; null when it is up. Tells no address: health checks need no token. */
  readonly failure: string | null;
  readonly spoolBytes: number;
  readonly spoolBytesMax: number;
  /** Age of the oldest record in its spool; 0 when it is empty. */
  readonly spoolAgeMs: number;
  /** Nothing more can be taken for it. */
  readonly blocked: boolean;
}

/** Several views of a sink (workers, spools) as one: spools together, up where it is up for all. */
export function mergeSinkStatuses(statuses: readonly SinkStatus[]): SinkStatus[] {
  const byName = new Map<string, SinkStatus>();
  for (const status of statuses) {
    const known = byName.get(status.name);
    byName.set(status.name, known === undefined ? status : mergeTwo(known, status));
  }
  return [...byName.values()];
}

function mergeTwo(a: SinkStatus, b: SinkStatus): SinkStatus {
  return {
    name: a.name,
    up: a.up && b.up,
    failure: a.failure ?? b.failure,
    spoolBytes: a.spoolBytes + b.spoolBytes,
    spoolBytesMax: a.spoolBytesMax + b.spoolBytesMax,
    spoolAgeMs: Math.max(a.spoolAgeMs, b.spoolAgeMs),
    blocked: a.blocked || b.blocked,
  };
}
