import type { KeyFacts } from "./key-dictionary.ts";

/** Numbers per attribute: start of its tag, start and end of its value, end. */
const STRIDE = 4;
const ATTRIBUTE_BYTES_GUESS = 48;

/** Where the parts of one attribute stand; one for a whole scan, filled anew for each attribute. `valueStart` is -1 where it has no value. */
export interface AttributePlace {
  keyStart: number;
  keyEnd: number;
  valueStart: number;
  valueEnd: number;
}

/** Where every attribute of a request's spans stands in the bytes, in their order: a table instead of an object for each. */
export class AttributeMarks {
  count = 0;
  private positions: Int32Array;
  private readonly keys: KeyFacts[] = [];

  constructor(bodyBytes: number) {
    this.positions = new Int32Array(STRIDE * (16 + Math.ceil(bodyBytes / ATTRIBUTE_BYTES_GUESS)));
  }

  /** Bytes of memory that it keeps. */
  get sizeBytes(): number {
    return this.positions.byteLength;
  }

  /** Notes an attribute whose tag begins at `start` and whose value is the last thing in it. */
  add(key: KeyFacts, start: number, valueStart: number, end: number): void {
    const { count, positions } = this;
    const at = count * STRIDE;
    if (at === positions.length) {
      this.grow();
      this.add(key, start, valueStart, end);
      return;
    }
    this.keys[count] = key;
    positions[at] = start;
    positions[at + 1] = valueStart;
    positions[at + 2] = end;
    positions[at + 3] = end;
    this.count = count + 1;
  }

  /** The value of the attribute that was noted last ends before the attribute does. */
  endValueAt(valueEnd: number): void {
    this.positions[(this.count - 1) * STRIDE + 2] = valueEnd;
  }

  /** Forgets all from `count` on. */
  truncate(count: number): void {
    this.count = count;
  }

  key(index: number): KeyFacts | undefined {
    return this.keys[index];
  }

  start(index: number): number {
    return this.positions[index * STRIDE] ?? 0;
  }

  /** -1 where the attribute has no value. */
  valueStart(index: number): number {
    return this.positions[index * STRIDE + 1] ?? -1;
  }

  valueEnd(index: number): number {
    return this.positions[index * STRIDE + 2] ?? -1;
  }

  end(index: number): number {
    return this.positions[index * STRIDE + 3] ?? 0;
  }

  private grow(): void {
    const larger = new Int32Array(this.positions.length * 2);
    larger.set(this.positions);
    this.positions = larger;
  }
}
