import { aggregateMetrics } from "./aggregate-metrics.ts";
import type { GatewayView } from "./admin-routes.ts";
import { openGatewayProcess, type GatewayProcess, type GatewayProcessOptions } from "./gateway-process.ts";

/** A gateway of one process: its own view is the whole. */
export async function openSingleProcess(options: Pick<GatewayProcessOptions, "config" | "databaseUrl" | "log">): Promise<GatewayProcess> {
  let own: GatewayProcess | null = null;
  const view: GatewayView = {
    statuses: async () => (own === null ? [] : [own.status()]),
    metricsText: async () => (own === null ? "" : aggregateMetrics([await own.metrics()])),
  };
  own = await openGatewayProcess({ ...options, place: { index: 0, count: 1 }, view });
  return own;
}
