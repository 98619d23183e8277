import type { Metric, Registry } from "prom-client";

export interface BucketHistogramOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending; what is above the last one is counted in the whole alone. */
  readonly bounds: readonly number[];
  readonly labelNames: readonly Label[];
  readonly registry: Registry;
}

type Labels<Label extends string> = Readonly<Record<Label, string>>;

interface BucketValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What was observed under one set of labels. Who observes often keeps it. */
export class BucketSeries {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  /** Cumulative, as Prometheus has buckets. Nothing where nothing was observed yet. */
  values(name: string, labels: Labels<string>): BucketValue[] {
    const count = this.#counts.reduce((sum, own) => sum + own, 0);
    if (count === 0) return [];
    let below = 0;
    const bucket = (le: number | string, value: number): BucketValue => ({
      metricName: `${name}_bucket`,
      labels: { le, ...labels },
      value,
    });
    return [
      ...this.#bounds.map((bound, index) => bucket(bound, (below += this.#counts[index] ?? 0))),
      bucket("+Inf", count),
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

/**
 * A histogram in a registry of prom-client, for what is observed in every request: prom-client's own makes a text of the labels
 * and an object each time. What it answers is the same.
 */
export class BucketHistogram<Label extends string> {
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { readonly labels: Labels<Label>; readonly series: BucketSeries }>();

  constructor({ name, help, bounds, labelNames, registry }: BucketHistogramOptions<Label>) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.#bounds = bounds;
    // A registry asks a metric for its name and for what `get` answers; the type names prom-client's own classes.
    registry.registerMetric(this as unknown as Metric<Label>);
  }

  series(labels: Labels<Label>): BucketSeries {
    const key = this.labelNames.map((name) => labels[name]).join("\n");
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    const series = new BucketSeries(this.#bounds);
    this.#series.set(key, { labels, series });
    return series;
  }

  observe(labels: Labels<Label>, value: number): void {
    this.series(labels).observe(value);
  }

  async get() {
    const { name, help, type, aggregator } = this;
    const values = Array.from(this.#series.values(), ({ labels, series }) => series.values(name, labels)).flat();
    return { name, help, type, aggregator, values };
  }
}
