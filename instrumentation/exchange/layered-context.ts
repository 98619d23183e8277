import type { Context } from "@opentelemetry/api";

/**
 * A context with one value more. The API's own copies a Map for that, twice or three times a call; this one only looks first at
 * what it adds. Whatever is set on top of it goes below, so that a chain of contexts grows no deeper than its layers.
 */
export class LayeredContext implements Context {
  private readonly below: Context;
  private readonly key: symbol;
  private readonly value: unknown;

  constructor(below: Context, key: symbol, value: unknown) {
    this.below = below;
    this.key = key;
    this.value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.key ? this.value : this.below.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return key === this.key
      ? new LayeredContext(this.below, key, value)
      : new LayeredContext(this.below.setValue(key, value), this.key, this.value);
  }

  /** What lies below, where the uppermost value is of `key`. */
  withoutTop(key: symbol): Context {
    return key === this.key ? this.below : this;
  }

  deleteValue(key: symbol): Context {
    return key === this.key ? this.below.deleteValue(key) : new LayeredContext(this.below.deleteValue(key), this.key, this.value);
  }
}
