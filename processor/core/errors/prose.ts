import { proseClauses, type Clause } from "./clauses.ts";
import { isMarked, setMark, type PatternMarks } from "./pattern-index.ts";
import { MARK_WORDS } from "./prose-index.ts";

const MATCHED = 32 * MARK_WORDS;

/** Prose of one layer or of several that say the same, with what has been found out about it. */
export class Prose {
  /** Lower case. */
  readonly text: string;
  /** What it may match (prose-index.ts). */
  readonly marks: PatternMarks;
  /** Words of the patterns that were tried, and behind them of those that matched; null before the first. */
  private tried: Int32Array | null = null;
  private ownClauses: readonly Clause[] | null = null;

  constructor(text: string, marks: PatternMarks) {
    this.text = text;
    this.marks = marks;
  }

  /** Whether the pattern that has the bit matches; tried once. */
  matches(bit: number, pattern: RegExp): boolean {
    if (!isMarked(this.marks, bit) || this.text === "") return false;
    const tried = (this.tried ??= new Int32Array(2 * MARK_WORDS));
    if (!isMarked(tried, bit)) {
      setMark(tried, bit);
      if (pattern.test(this.text)) setMark(tried, MATCHED + bit);
    }
    return isMarked(tried, MATCHED + bit);
  }

  /** What its sentences speak of; read when first asked for, as most errors are decided without. */
  clauses(): readonly Clause[] {
    return (this.ownClauses ??= proseClauses(this.text));
  }
}
