import type { Metrics } from "../metrics.ts";

/** What the metrics of one process add up to since its start. */
export interface GatewayTotals {
  readonly counts: Readonly<Record<CountColumn, number>>;
  readonly refusedByReason: ReadonlyMap<string, number>;
  readonly times: Readonly<Record<TimedWork, Buckets>>;
}

/** Cumulative counts by upper bound in seconds, as Prometheus has them; the bound Infinity counts all. */
export type Buckets = ReadonlyMap<number, number>;

/** A counter or histogram, as far as it is read. */
interface Readable {
  get(): Promise<{ readonly values: readonly { readonly value: number; readonly labels: Partial<Labels> }[] }>;
}

type Labels = Readonly<Record<string, string | number>>;

/** Columns of gateway_samples that are the sum of a counter, over all its labels or those that are named. */
const COUNTS = {
  received_spans: (metrics: Metrics) => totalOf(metrics.receivedSpans),
  refused_spans: (metrics: Metrics) => totalOf(metrics.refusedSpans),
  refused_requests: (metrics: Metrics) => totalOf(metrics.refusedRequests),
  lost_spans: (metrics: Metrics) => totalOf(metrics.lostSpans),
  genai_spans: (metrics: Metrics) => totalOf(metrics.enrichedSpans),
  llm_calls: (metrics: Metrics) => totalOf(metrics.llmCalls),
  stored_spans: (metrics: Metrics) => totalOf(metrics.storedSpans),
  duplicate_spans: (metrics: Metrics) => totalOf(metrics.duplicateSpans),
  forwarded_spans: (metrics: Metrics) => totalOf(metrics.writtenSpans, { sink: "otlp" }),
} as const;
export type CountColumn = keyof typeof COUNTS;

const TIMES = {
  stored: (metrics: Metrics) => bucketsOf([metrics.writeDuration], { sink: "postgres", outcome: "done" }),
  storeFailed: (metrics: Metrics) => bucketsOf([metrics.writeDuration], { sink: "postgres", outcome: "failed" }),
  forwarded: (metrics: Metrics) => bucketsOf([metrics.writeDuration], { sink: "otlp", outcome: "done" }),
  forwardFailed: (metrics: Metrics) => bucketsOf([metrics.writeDuration], { sink: "otlp", outcome: "failed" }),
  answered: (metrics: Metrics) => bucketsOf([metrics.httpDuration, metrics.rpcDuration], { http_route: "/v1/traces" }),
} as const;
export type TimedWork = keyof typeof TIMES;

export async function readGatewayTotals(metrics: Metrics): Promise<GatewayTotals> {
  return {
    counts: await readEach(COUNTS, metrics),
    refusedByReason: await refusalsOf(metrics),
    times: await readEach(TIMES, metrics),
  };
}

async function readEach<Key extends string, Value>(
  table: Readonly<Record<Key, (metrics: Metrics) => Promise<Value>>>,
  metrics: Metrics,
): Promise<Record<Key, Value>> {
  const entries = Object.entries(table) as [Key, (metrics: Metrics) => Promise<Value>][];
  return Object.fromEntries(await Promise.all(entries.map(async ([key, read]) => [key, await read(metrics)]))) as Record<Key, Value>;
}

async function totalOf(counter: Readable, labels: Labels = {}): Promise<number> {
  const { values } = await counter.get();
  return values.reduce((sum, { value, labels: own }) => (matches(own, labels) ? sum + value : sum), 0);
}

async function refusalsOf({ refusedSpans, refusedRequests }: Metrics): Promise<Map<string, number>> {
  const byReason = new Map<string, number>();
  for (const { values } of [await refusedSpans.get(), await refusedRequests.get()]) {
    for (const { value, labels } of values) byReason.set(String(labels.reason), (byReason.get(String(labels.reason)) ?? 0) + value);
  }
  return byReason;
}

async function bucketsOf(histograms: readonly Readable[], labels: Labels): Promise<Map<number, number>> {
  const buckets = new Map<number, number>();
  for (const histogram of histograms) {
    for (const { value, labels: own } of (await histogram.get()).values) {
      if (own["le"] === undefined || !matches(own, labels)) continue;
      const bound = own["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(own["le"]);
      buckets.set(bound, (buckets.get(bound) ?? 0) + value);
    }
  }
  return buckets;
}

/** A label that the metric does not have excludes nothing. */
function matches(own: Readonly<Record<string, string | number | undefined>>, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => own[name] === undefined || own[name] === value);
}
