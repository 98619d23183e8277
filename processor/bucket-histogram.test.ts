import fc from "fast-check";
import { AggregatorRegistry, Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { BucketHistogram } from "./bucket-histogram.ts";
import { aggregateMetrics } from "./gateway/aggregate-metrics.ts";
import type { MetricSnapshot } from "./gateway/gateway-process.ts";

const OPTIONS = { name: "seconds", help: "how long", labelNames: ["sink", "outcome"] } as const;
const BOUNDS = [0.005, 0.5, 1, 10];

type Labels = { readonly sink: string; readonly outcome: string };

const observation = fc.record({
  labels: fc.record({ sink: fc.constantFrom("postgres", "otlp", 'a "quoted\n one'), outcome: fc.constantFrom("done", "failed") }),
  value: fc.oneof(fc.constantFrom(...BOUNDS), fc.double({ min: 0, max: 20, noNaN: true })),
});

/** What a process answers for each way of counting the same. */
function snapshotsOf(observed: readonly { readonly labels: Labels; readonly value: number }[]): Promise<MetricSnapshot>[] {
  const [ours, reference] = [new Registry(), new Registry()];
  const histogram = new BucketHistogram({ ...OPTIONS, bounds: BOUNDS, registry: ours });
  const theirs = new Histogram({ ...OPTIONS, labelNames: [...OPTIONS.labelNames], buckets: BOUNDS, registers: [reference] });
  for (const { labels, value } of observed) {
    histogram.observe(labels, value);
    theirs.observe(labels, value);
  }
  return [ours, reference].map(async (registry) => (await registry.getMetricsAsJSON()) as MetricSnapshot);
}

test("one process and several together say what prom-client's own histograms say", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(observation, { maxLength: 40 }), { minLength: 1, maxLength: 3 }), async (processes) => {
      const snapshots = await Promise.all(processes.map((observed) => Promise.all(snapshotsOf(observed))));
      const [ours = "", reference = ""] = await Promise.all(
        [0, 1].map((way) => aggregateMetrics(snapshots.map((both) => both[way] ?? []))),
      );
      expect(ours.split("\n").toSorted()).toEqual(reference.split("\n").toSorted());
    }),
  );
});

test("a series that is kept counts with the others of its labels, and is not told before it has counted", async () => {
  const registry = new Registry();
  const histogram = new BucketHistogram({ ...OPTIONS, bounds: BOUNDS, registry });
  const labels = { sink: "otlp", outcome: "done" };
  const series = histogram.series(labels);
  expect((await histogram.get()).values).toEqual([]);
  series.observe(0.5);
  histogram.observe(labels, 100);
  const values = (await histogram.get()).values.map(({ labels: { le = "" }, value }) => [le, value]);
  expect(values).toEqual([
    [0.005, 0],
    [0.5, 1],
    [1, 1],
    [10, 1],
    ["+Inf", 2],
    ["", 100.5],
    ["", 2],
  ]);
});

test("prom-client writes the text of its registry itself", async () => {
  const registry = new Registry();
  new BucketHistogram({ ...OPTIONS, bounds: [1], registry }).observe({ sink: "otlp", outcome: "done" }, 0.25);
  const text = await registry.metrics();
  expect(text).toContain('seconds_bucket{le="1",sink="otlp",outcome="done"} 1\n');
  expect(text).toContain("# TYPE seconds histogram\n");
  expect(await AggregatorRegistry.aggregate([await registry.getMetricsAsJSON()]).metrics()).toBe(text);
});
