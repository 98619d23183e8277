const NUMBERS_GUESS = 512;

/** Doubles of a request's spans in one block: as fields of objects each would be an object of its own. */
export class NumberList {
  length = 0;
  private numbers = new Float64Array(NUMBERS_GUESS);

  /** Makes room for so many, all 0, and answers the place of the first. */
  reserve(count: number): number {
    const first = this.length;
    this.length += count;
    if (this.length > this.numbers.length) this.grow();
    this.numbers.fill(0, first, this.length);
    return first;
  }

  push(value: number): void {
    if (this.length === this.numbers.length) this.grow();
    this.numbers[this.length++] = value;
  }

  at(place: number): number {
    return this.numbers[place] ?? 0;
  }

  set(place: number, value: number): void {
    this.numbers[place] = value;
  }

  private grow(): void {
    const larger = new Float64Array(this.numbers.length * 2);
    larger.set(this.numbers);
    this.numbers = larger;
  }
}
