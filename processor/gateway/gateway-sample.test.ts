import fc from "fast-check";
import { expect, test } from "vitest";
import { createMetrics } from "../metrics.ts";
import { gatewaySample, type GatewaySample } from "./gateway-sample.ts";
import { readGatewayTotals } from "./gateway-totals.ts";

const STATE = { sinks: [], admittedBytes: 0, eventLoopP99Ms: 0, cpuMs: 0, rssBytes: 0 };
/** Bounds of the histograms of times, in ms. */
const BOUNDS_MS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

/** The sample of what happens between two looks at the same metrics. */
async function sampleOf(before: readonly number[], since: readonly number[]): Promise<GatewaySample> {
  const metrics = createMetrics();
  const observe = (times: readonly number[]): void => {
    for (const ms of times) metrics.writeDuration.observe({ sink: "postgres", outcome: "done" }, ms / 1000);
    metrics.writeDuration.observe({ sink: "otlp", outcome: "failed" }, 0.001);
    metrics.refusedRequests.inc({ transport: "grpc", reason: "malformed" }, times.length);
    metrics.refusedSpans.inc({ reason: "no_id" });
  };
  observe(before);
  const earlier = { atMs: 1000, cpuMs: 10, totals: await readGatewayTotals(metrics) };
  observe(since);
  const now = { atMs: 61_000, cpuMs: 40, totals: await readGatewayTotals(metrics) };
  metrics.registry.clear();
  return gatewaySample(earlier, now, STATE);
}

const times = fc.array(fc.integer({ min: 1, max: 9_999 }), { minLength: 1, maxLength: 50 });

test("counts are those since the sample before, quantiles lie in the bucket of the exact ones", async () => {
  await fc.assert(
    fc.asyncProperty(times, times, async (before, since) => {
      const sample = await sampleOf(before, since);
      expect(sample).toMatchObject({ seconds: 60, cpu_ms: 30, store_writes: since.length, store_failures: 0, forward_failures: 1 });
      expect(JSON.parse(sample.refused_by_reason)).toEqual({ malformed: since.length, no_id: 1 });
      expect(sample.forward_p50_ms).toBeNull();
      const sorted = since.toSorted((a, b) => a - b);
      for (const [quantile, read] of [
        [0.5, sample.store_p50_ms],
        [0.99, sample.store_p99_ms],
      ] as const) {
        const exact = sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0;
        const upper = BOUNDS_MS.findIndex((bound) => exact <= bound);
        expect(read).toBeGreaterThanOrEqual(BOUNDS_MS[upper - 1] ?? 0);
        expect(read).toBeLessThanOrEqual((BOUNDS_MS[upper] ?? 0) + 1e-9);
      }
    }),
    { numRuns: 50 },
  );
});

test("beyond the last bound the bound is what is known", async () => {
  expect((await sampleOf([], [60_000])).store_p99_ms).toBe(10_000);
});
