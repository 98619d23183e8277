import { callSpans } from "./history-call.ts";
import { seededRandom, type Random } from "./history-random.ts";
import { requestOf, resourceKey, type ExportTraceServiceRequest, type PlainSpan } from "./history-spans.ts";
import { HOUR_WEIGHTS, WEEKDAY_WEIGHTS, WORKLOADS, type Workload } from "./history-workloads.ts";

export interface DemoWeekOptions {
  /** End of the history, ms since the epoch. */
  readonly nowMs: number;
  readonly seed?: number;
  /** Of a working day; nights and weekends have fewer. 1,500 by default. */
  readonly callsPerDay?: number;
  /** 14 by default: the dashboards compare a week with the one before. */
  readonly days?: number;
}

/** One exporter's request, and how many spans are in it. */
export interface DemoRequest {
  readonly request: ExportTraceServiceRequest;
  readonly spans: number;
}

const HOUR_MS = 3_600_000;
const DAYS = 14;
const SEED = 20_261_124;
const CALLS_PER_DAY = 1500;
const HOUR_WEIGHT_SUM = HOUR_WEIGHTS.reduce((sum, weight) => sum + weight, 0);

/**
 * The last two weeks of an imagined company's model calls, as its instrumented services would have exported them: OTLP/JSON without any
 * enrichment, one request per hour, oldest first. The same options give the same spans. Five providers, twelve models, four
 * services, outages, retries by SDKs and by the application, prompt caching that pays and one that does not, a model without
 * a price, and a rate limit that is still going on.
 */
export function* demoWeek(options: DemoWeekOptions): Generator<DemoRequest> {
  const random = seededRandom(options.seed ?? SEED);
  const firstMs = options.nowMs - (options.days ?? DAYS) * 24 * HOUR_MS;
  for (let hourMs = Math.floor(firstMs / HOUR_MS) * HOUR_MS; hourMs < options.nowMs; hourMs += HOUR_MS) {
    const spans = hourOf(options, hourMs, random);
    if (spans.size > 0) yield { request: requestOf(spans), spans: [...spans.values()].reduce((sum, own) => sum + own.length, 0) };
  }
}

function hourOf({ nowMs, callsPerDay = CALLS_PER_DAY }: DemoWeekOptions, hourMs: number, random: Random): Map<string, PlainSpan[]> {
  const spans = new Map<string, PlainSpan[]>();
  const count = wholeCalls(callsPerDay * weightOf(hourMs), random);
  for (let call = 0; call < count; call += 1) {
    const startMs = hourMs + random.next() * HOUR_MS;
    const workload = pickWorkload(random);
    const own = callSpans({ workload, startMs, nowMs, random });
    // A span is exported when it has ended: what would end after now is not there yet.
    if (own.some((span) => span.endMs > nowMs)) continue;
    const key = resourceKey(workload.service, workload.environment);
    const list = spans.get(key) ?? [];
    list.push(...own);
    spans.set(key, list);
  }
  return spans;
}

function weightOf(hourMs: number): number {
  const at = new Date(hourMs);
  return ((HOUR_WEIGHTS[at.getUTCHours()] ?? 0) / HOUR_WEIGHT_SUM) * (WEEKDAY_WEIGHTS[at.getUTCDay()] ?? 1);
}

/** 2.3 expected calls are 2, or 3 three times in ten. */
function wholeCalls(expected: number, random: Random): number {
  return Math.floor(expected) + (random.chance(expected % 1) ? 1 : 0);
}

function pickWorkload(random: Random): Workload {
  let left = random.next() * WORKLOADS.reduce((sum, { share }) => sum + share, 0);
  for (const workload of WORKLOADS) {
    left -= workload.share;
    if (left < 0) return workload;
  }
  return random.pick(WORKLOADS as [Workload, ...Workload[]]);
}
