import { proseClauses, type Clause } from "./clauses.ts";
import { isMarked, setMark, type PatternMarks } from "./pattern-index.ts";
import { MARK_WORDS } from "./prose-index.ts";

/** Prose of one layer or of several that say the same, with what has been found out about it. */
export class Prose {
  /** Lower case. */
  readonly text: string;
  /** What it may match (prose-index.ts). */
  readonly marks: PatternMarks;
  private readonly tried: Int32Array;
  private readonly matched: Int32Array;
  private ownClauses: readonly Clause[] | null = null;

  constructor(text: string, marks: PatternMarks) {
    this.text = text;
    this.marks = marks;
    this.tried = new Int32Array(MARK_WORDS);
    this.matched = new Int32Array(MARK_WORDS);
  }

  /** Whether the pattern that has the bit matches; tried once. */
  matches(bit: number, pattern: RegExp): boolean {
    if (!isMarked(this.marks, bit) || this.text === "") return false;
    if (!isMarked(this.tried, bit)) {
      setMark(this.tried, bit);
      if (pattern.test(this.text)) setMark(this.matched, bit);
    }
    return isMarked(this.matched, bit);
  }

  /** What its sentences speak of; read when first asked for, as most errors are decided without. */
  clauses(): readonly Clause[] {
    return (this.ownClauses ??= proseClauses(this.text));
  }
}
