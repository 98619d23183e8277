import type pg from "pg";

/** Rows of gateway_samples from one time to another, one a minute; what is left out is that of a gateway that is well. */
export interface SampleRun {
  readonly fromMs: number;
  readonly toMs: number;
  readonly instance?: string;
  readonly receivedSpans?: number;
  readonly requests?: number;
  readonly refused?: Readonly<Record<string, number>>;
  readonly lostSpans?: number;
  readonly spoolAgeMs?: number;
}

const MINUTE_MS = 60_000;
const HEALTHY = {
  seconds: 60,
  refused_spans: 0,
  store_writes: 30,
  store_failures: 0,
  store_p50_ms: 8,
  store_p99_ms: 40,
  forward_writes: 30,
  forward_failures: 0,
  forward_p50_ms: 4,
  forward_p99_ms: 20,
  request_p50_ms: 60,
  request_p99_ms: 120,
  sinks_away: 0,
  admitted_bytes: 0,
  event_loop_p99_ms: 3,
  cpu_ms: 400,
  rss_bytes: 180_000_000,
};

/** Writes what gateways said of themselves, without gateways: tests and benchmarks need days of it. */
export async function storeSamples(client: pg.Pool | pg.ClientBase, runs: readonly SampleRun[]): Promise<void> {
  const rows = runs.flatMap((run) => {
    const count = Math.floor((run.toMs - run.fromMs) / MINUTE_MS) + 1;
    return Array.from({ length: count }, (_, index) => ({
      ...HEALTHY,
      ...countsOf(run),
      sampled_at: new Date(run.fromMs + index * MINUTE_MS),
    }));
  });
  await client.query(
    "insert into genai.gateway_samples select * from json_populate_recordset(null::genai.gateway_samples, $1) on conflict do nothing",
    [JSON.stringify(rows)],
  );
}

function countsOf({ instance = "gateway:1", receivedSpans = 600, requests = 60, refused = {}, lostSpans = 0, spoolAgeMs = 0 }: SampleRun) {
  const stored = Math.floor(receivedSpans * 0.98);
  return {
    instance,
    requests,
    received_spans: receivedSpans,
    genai_spans: Math.floor(receivedSpans / 2),
    llm_calls: Math.floor(receivedSpans / 3),
    stored_spans: stored,
    duplicate_spans: receivedSpans - stored,
    forwarded_spans: receivedSpans,
    refused_requests: Object.values(refused).reduce((sum, count) => sum + count, 0),
    refused_by_reason: refused,
    lost_spans: lostSpans,
    spool_bytes: spoolAgeMs * 10,
    spool_age_ms: spoolAgeMs,
  };
}
