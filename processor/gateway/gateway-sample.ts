import type { Buckets, CountColumn, GatewayTotals } from "./gateway-totals.ts";
import type { SinkStatus } from "./sink-status.ts";

/** How a process is at this moment. */
export interface GatewayState {
  readonly sinks: readonly SinkStatus[];
  readonly admittedBytes: number;
  readonly eventLoopP99Ms: number;
  /** User and system, since the process started. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** A row of gateway_samples, less its time and instance: the keys are the columns. */
export interface GatewaySample extends Readonly<Record<CountColumn, number>> {
  readonly seconds: number;
  /** JSON object. */
  readonly refused_by_reason: string;
  readonly store_writes: number;
  readonly store_failures: number;
  readonly store_p50_ms: number | null;
  readonly store_p99_ms: number | null;
  readonly forward_writes: number;
  readonly forward_failures: number;
  readonly forward_p50_ms: number | null;
  readonly forward_p99_ms: number | null;
  readonly requests: number;
  readonly request_p50_ms: number | null;
  readonly request_p99_ms: number | null;
  readonly sinks_away: number;
  readonly spool_bytes: number;
  readonly spool_age_ms: number;
  readonly admitted_bytes: number;
  readonly event_loop_p99_ms: number;
  readonly cpu_ms: number;
  readonly rss_bytes: number;
}

/** Where a sample begins: the totals that the one before was made of, and when. */
export interface SampledPoint {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly totals: GatewayTotals;
}

/** What happened between two points, and how the process is at the second. */
export function gatewaySample(before: SampledPoint, now: SampledPoint, state: GatewayState): GatewaySample {
  const { stored, storeFailed, forwarded, forwardFailed, answered } = now.totals.times;
  const earlier = before.totals.times;
  return {
    ...countsBetween(before.totals, now.totals),
    seconds: (now.atMs - before.atMs) / 1000,
    refused_by_reason: JSON.stringify(refusalsBetween(before.totals, now.totals)),
    store_writes: countBetween(earlier.stored, stored),
    store_failures: countBetween(earlier.storeFailed, storeFailed),
    store_p50_ms: quantileMs(earlier.stored, stored, 0.5),
    store_p99_ms: quantileMs(earlier.stored, stored, 0.99),
    forward_writes: countBetween(earlier.forwarded, forwarded),
    forward_failures: countBetween(earlier.forwardFailed, forwardFailed),
    forward_p50_ms: quantileMs(earlier.forwarded, forwarded, 0.5),
    forward_p99_ms: quantileMs(earlier.forwarded, forwarded, 0.99),
    requests: countBetween(earlier.answered, answered),
    request_p50_ms: quantileMs(earlier.answered, answered, 0.5),
    request_p99_ms: quantileMs(earlier.answered, answered, 0.99),
    sinks_away: state.sinks.filter(({ up }) => !up).length,
    spool_bytes: state.sinks.reduce((sum, { spoolBytes }) => sum + spoolBytes, 0),
    spool_age_ms: Math.max(0, ...state.sinks.map(({ spoolAgeMs }) => spoolAgeMs)),
    admitted_bytes: state.admittedBytes,
    event_loop_p99_ms: state.eventLoopP99Ms,
    cpu_ms: now.cpuMs - before.cpuMs,
    rss_bytes: state.rssBytes,
  };
}

function countsBetween({ counts: before }: GatewayTotals, { counts: now }: GatewayTotals): Record<CountColumn, number> {
  const entries = Object.entries(now) as [CountColumn, number][];
  return Object.fromEntries(entries.map(([column, total]) => [column, total - before[column]])) as Record<CountColumn, number>;
}

function refusalsBetween({ refusedByReason: before }: GatewayTotals, { refusedByReason: now }: GatewayTotals): Record<string, number> {
  const refusals = [...now].map(([reason, total]) => [reason, total - (before.get(reason) ?? 0)] as const);
  return Object.fromEntries(refusals.filter(([, count]) => count > 0));
}

const ALL = Number.POSITIVE_INFINITY;

const countBetween = (before: Buckets, now: Buckets): number => (now.get(ALL) ?? 0) - (before.get(ALL) ?? 0);

/** As Prometheus' histogram_quantile: linear within a bucket; beyond the last finite bound, that bound. null: nothing was timed. */
function quantileMs(before: Buckets, now: Buckets, quantile: number): number | null {
  const total = countBetween(before, now);
  if (total === 0) return null;
  const target = total * quantile;
  let lower = { bound: 0, count: 0 };
  for (const bound of [...now.keys()].sort((a, b) => a - b)) {
    const count = (now.get(bound) ?? 0) - (before.get(bound) ?? 0);
    if (bound === ALL) break;
    if (count >= target) return 1000 * (lower.bound + ((bound - lower.bound) * (target - lower.count)) / (count - lower.count));
    lower = { bound, count };
  }
  return 1000 * lower.bound;
}
