/** Numbers per region. */
const STRIDE = 5;
const REGIONS_GUESS = 128;

/**
 * Every ResourceSpans, ScopeSpans and Span of a request by its positions in the body, in the order of the bytes, so that a
 * message stands before those within it.
 */
export class RegionTable {
  count = 0;
  private numbers = new Int32Array(STRIDE * REGIONS_GUESS);

  /** Answers the region's index. `start` is the first byte of the content; `parent` -1 where there is none. */
  add(tagStart: number, lengthStart: number, content: { readonly start: number; readonly end: number }, parent: number): number {
    const at = this.count * STRIDE;
    if (at === this.numbers.length) this.grow();
    this.numbers[at] = tagStart;
    this.numbers[at + 1] = lengthStart;
    this.numbers[at + 2] = content.start;
    this.numbers[at + 3] = content.end;
    this.numbers[at + 4] = parent;
    return this.count++;
  }

  /** Takes over a table of the same numbers (core/span-columns.ts, MESSAGE_COLUMN). */
  fill(numbers: Int32Array, count: number): void {
    while (this.numbers.length < count * STRIDE) this.grow();
    this.numbers.set(numbers.subarray(0, count * STRIDE));
    this.count = count;
  }

  /** First byte of its tag. */
  tagStart(index: number): number {
    return this.numbers[index * STRIDE] ?? 0;
  }

  /** First byte of its length. */
  lengthStart(index: number): number {
    return this.numbers[index * STRIDE + 1] ?? 0;
  }

  start(index: number): number {
    return this.numbers[index * STRIDE + 2] ?? 0;
  }

  end(index: number): number {
    return this.numbers[index * STRIDE + 3] ?? 0;
  }

  parent(index: number): number {
    return this.numbers[index * STRIDE + 4] ?? -1;
  }

  private grow(): void {
    const larger = new Int32Array(this.numbers.length * 2);
    larger.set(this.numbers);
    this.numbers = larger;
  }
}
