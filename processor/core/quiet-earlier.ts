import { QUIET_ROLE, type QuietShape } from "./quiet-shape.ts";

/** Spans of a trace that may have come before: one that goes on beyond it is read span by span. */
const EARLIER_MAX = 64;
const STRIDE = 4;
const NONE = -1;

/** What has come before of one trace that is held as numbers. One for all traces, filled anew for each. */
export class EarlierSpans {
  count = 0;
  /** The shapes of its calls. */
  readonly calls: QuietShape[] = [];
  /** Own id and parent's id of each, two words either. */
  readonly words = new Int32Array(EARLIER_MAX * STRIDE);
  /** QuietRole of each. */
  readonly roles = new Uint8Array(EARLIER_MAX);

  clear(): void {
    this.count = 0;
    if (this.calls.length > 0) this.calls.length = 0;
  }

  /** Its ids stand among `words`, from `at` on. false: there are too many. */
  add(words: Int32Array, at: number, role: number, shape: QuietShape): boolean {
    if (this.count === EARLIER_MAX) return false;
    for (let word = 0; word < STRIDE; word += 1) this.words[this.count * STRIDE + word] = words[at + word] ?? 0;
    this.roles[this.count] = role;
    this.count += 1;
    if (role === QUIET_ROLE.call) this.calls.push(shape);
    return true;
  }

  /** The span with that id, or -1. */
  find(low: number, high: number): number {
    const { words, count } = this;
    for (let span = 0; span < count; span += 1) if (words[span * STRIDE] === low && words[span * STRIDE + 1] === high) return span;
    return NONE;
  }

  parentLow(span: number): number {
    return this.words[span * STRIDE + 2] ?? 0;
  }

  parentHigh(span: number): number {
    return this.words[span * STRIDE + 3] ?? 0;
  }
}
