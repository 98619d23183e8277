import { Counter, type Registry } from "prom-client";

export interface LabelCounterOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly label: Label;
  readonly registry: Registry;
}

/**
 * A counter by one label, for what is counted several times in every request. prom-client makes a text of the labels and looks
 * it up each time; here counts are added up by the label's value, and prom-client gets the sums when somebody reads them.
 */
export class LabelCounter<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #sums = new Map<string, number>();

  constructor({ name, help, label, registry }: LabelCounterOptions<Label>) {
    const sums = this.#sums;
    this.#counter = new Counter<Label>({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        for (const [value, count] of sums) this.inc({ [label]: value } as Record<Label, string>, count);
        sums.clear();
      },
    });
  }

  /** `value` is one of few: each is a series for good. */
  add(value: string, count: number): void {
    this.#sums.set(value, (this.#sums.get(value) ?? 0) + count);
  }

  get(): ReturnType<Counter<Label>["get"]> {
    return this.#counter.get();
  }
}
