/** Until there are so many, nobody looks which of them are still named. */
const NUMBERED_MIN = 4_096;

/** Objects by numbers of their own, so that what names one is a number and holds nothing. */
export class NumberedObjects<Named extends object> {
  private readonly numbers = new Map<Named, number>();
  private readonly objects: (Named | undefined)[] = [];
  private readonly unused: number[] = [];
  /** Twice those that were named when somebody looked. */
  private enough = NUMBERED_MIN;

  numberOf(named: Named): number {
    const before = this.numbers.get(named);
    if (before !== undefined) return before;
    const number = this.unused.pop() ?? this.objects.length;
    this.objects[number] = named;
    this.numbers.set(named, number);
    return number;
  }

  at(number: number): Named | undefined {
    return this.objects[number];
  }

  /** There are so many that it is worth a look which of them are named. */
  get isCrowded(): boolean {
    return this.numbers.size >= this.enough;
  }

  /** Forgets all but these, and answers which. */
  keepOnly(named: ReadonlySet<number>): Named[] {
    const forgotten: Named[] = [];
    for (const [object, number] of this.numbers) {
      if (named.has(number)) continue;
      this.numbers.delete(object);
      this.objects[number] = undefined;
      this.unused.push(number);
      forgotten.push(object);
    }
    this.enough = Math.max(NUMBERED_MIN, 2 * this.numbers.size);
    return forgotten;
  }
}
