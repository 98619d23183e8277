import { AggregatorRegistry } from "prom-client";
import type { MetricSnapshot } from "./gateway-process.ts";

/** The metrics of all processes as one Prometheus text: sums, and averages where a sum means nothing (event-loop lag). */
export function aggregateMetrics(snapshots: readonly MetricSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot])).metrics();
}
