import type { ServerResponse } from "node:http";
import type { Route } from "./http.ts";
import { mergeSinkStatuses, type SinkStatus } from "./sink-status.ts";

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
  const sinks = mergeSinkStatuses(statuses.flatMap(({ sinks: own }) => own));
  const ready = statuses.length > 0 && statuses.every(({ stopping }) => !stopping) && sinks.every(({ blocked }) => !blocked);
  sendJson(response, ready ? 200 : 503, { status: ready ? "ready" : "not ready", workers: statuses.length, sinks });
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
