import type { ServerResponse } from "node:http";
import type { Route } from "./http.ts";

/** One sink as its gateway process sees it. */
export interface SinkStatus {
  readonly name: string;
  readonly up: boolean;
  /** Why it is not up; null when it is. Never holds a URL with its password. */
  readonly failure: string | null;
  readonly spoolBytes: number;
  readonly spoolBytesMax: number;
  /** Age of the oldest record in its spool; 0 when it is empty. */
  readonly spoolAgeMs: number;
  /** Nothing more can be taken for it. */
  readonly blocked: boolean;
}

export interface GatewayStatus {
  readonly sinks: readonly SinkStatus[];
  /** SIGTERM was seen: finish and go. */
  readonly stopping: boolean;
}

/** The whole gateway, whichever of its processes is asked. */
export interface GatewayView {
  statuses(): Promise<readonly GatewayStatus[]>;
  /** Prometheus text over all processes. */
  metricsText(): Promise<string>;
}

const READ_METHODS = ["GET", "HEAD"];
/** Prometheus text exposition format. */
const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * /healthz: the process answers. /readyz: it can take spans: 503 while a spool is full or cannot be written, or while it
 * stops; a sink that is away with room in its spool is told, and does not make the gateway unready. /metrics: Prometheus.
 */
export function adminRoutes(view: GatewayView): [string, Route][] {
  return [
    ["/healthz", { methods: READ_METHODS, access: "open", handle: (_request, response) => sendJson(response, 200, { status: "ok" }) }],
    ["/readyz", { methods: READ_METHODS, access: "open", handle: (_request, response) => sendReadiness(view, response) }],
    ["/metrics", { methods: READ_METHODS, access: "read", handle: (_request, response) => sendMetrics(view, response) }],
  ];
}

async function sendReadiness(view: GatewayView, response: ServerResponse): Promise<void> {
  const statuses = await view.statuses();
  const sinks = mergeSinks(statuses.flatMap(({ sinks: own }) => own));
  const ready = statuses.length > 0 && statuses.every(({ stopping }) => !stopping) && sinks.every(({ blocked }) => !blocked);
  sendJson(response, ready ? 200 : 503, { status: ready ? "ready" : "not ready", workers: statuses.length, sinks });
}

/** The workers' views of one sink as one: its spools together, up where it is up for all. */
function mergeSinks(sinks: readonly SinkStatus[]): SinkStatus[] {
  const byName = new Map<string, SinkStatus>();
  for (const sink of sinks) {
    const known = byName.get(sink.name);
    byName.set(sink.name, known === undefined ? sink : mergeSink(known, sink));
  }
  return [...byName.values()];
}

function mergeSink(a: SinkStatus, b: SinkStatus): SinkStatus {
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

async function sendMetrics(view: GatewayView, response: ServerResponse): Promise<void> {
  const body = Buffer.from(await view.metricsText());
  response.writeHead(200, { "content-type": METRICS_CONTENT_TYPE, "content-length": body.length });
  response.end(body);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length, "cache-control": "no-store" });
  response.end(body);
}
