import type { RequestScan } from "./request-scan.ts";
import { MalformedError, tagOf, WIRE_TYPE } from "./wire-reader.ts";

export type OtherSignal = "metrics" | "logs" | "profiles";

/** OTLP/HTTP's default paths of the signals that have no door here. */
const PATHS: Readonly<Record<string, OtherSignal>> = {
  "/v1/metrics": "metrics",
  "/v1/logs": "logs",
  "/v1development/profiles": "profiles",
  "/v1/profiles": "profiles",
};

/** Their requests' first field in OTLP/JSON. */
const JSON_FIELDS: Readonly<Record<string, OtherSignal>> = {
  resourceMetrics: "metrics",
  resource_metrics: "metrics",
  resourceLogs: "logs",
  resource_logs: "logs",
  resourceProfiles: "profiles",
  resource_profiles: "profiles",
};

/** The signal that a path is for; null for traces and for anything else. */
export function wrongSignalOf(path: string): OtherSignal | null {
  return Object.hasOwn(PATHS, path) ? (PATHS[path] ?? null) : null;
}

export function wrongSignalText(signal: OtherSignal): string {
  return `these are ${signal}, and this gateway takes traces only: send ${signal} to a Collector or to their backend`;
}

/** The signal that an OTLP/JSON request is of, where it is not of traces. */
export function wrongSignalOfJson(request: object): OtherSignal | null {
  for (const field in JSON_FIELDS) if (Object.hasOwn(request, field)) return JSON_FIELDS[field] ?? null;
  return null;
}

/** LogRecord.time_unix_nano and observed_time_unix_nano (logs.proto): no field of Span's has that number and type. */
const LOG_TIMES: ReadonlySet<number> = new Set([1, 11].map((field) => tagOf(field, WIRE_TYPE.fixed64)));
/** Metric's gauge, sum, histogram, exponential_histogram, summary (metrics.proto). */
const METRIC_DATA: ReadonlySet<number> = new Set([5, 7, 9, 10, 11].map((field) => tagOf(field, WIRE_TYPE.length)));
/** Span's start and end, which every span has and no metric. */
const SPAN_TIMES: ReadonlySet<number> = new Set([7, 8].map((field) => tagOf(field, WIRE_TYPE.fixed64)));
const METRIC_NAME = tagOf(1, WIRE_TYPE.length);
const TRACE_ID_BYTES = 16;

/**
 * The three signals' requests nest alike, so metrics and logs at the door of traces read as spans that are all wrong. Where
 * nothing in a request is a span, its first message tells what it is.
 */
export function assertTraces(scan: RequestScan): void {
  const [first] = scan.rejected;
  if (scan.spans.length > 0 || first === undefined) return;
  const signal = signalOf(scan, scan.regions.start(first), scan.regions.end(first));
  if (signal !== null) throw new MalformedError(wrongSignalText(signal));
}

function signalOf(scan: RequestScan, start: number, end: number): OtherSignal | null {
  const { reader } = scan;
  reader.position = start;
  let hasName = false;
  let hasData = false;
  try {
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (LOG_TIMES.has(tag)) return "logs";
      if (SPAN_TIMES.has(tag)) return null;
      hasData ||= METRIC_DATA.has(tag);
      const valueStart = reader.position;
      reader.skip(tag, end);
      // One byte of length, then the name: a trace id is 16 long.
      if (tag === METRIC_NAME) hasName = reader.position - valueStart !== 1 + TRACE_ID_BYTES;
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return null;
  }
  return hasName && hasData ? "metrics" : null;
}
