import { sameModel } from "./call-once.ts";
import type { EarlierSpans } from "./quiet-earlier.ts";
import { QUIET_ROLE, type QuietShape } from "./quiet-shape.ts";
import {
  firstSpanOf,
  ID_STRIDE,
  ID_WORD,
  SPAN_COLUMN,
  SPAN_STRIDE,
  spanAfter,
  TIME_NUMBERS,
  TRACE_COLUMN,
  TRACE_STRIDE,
  type SpanColumns,
} from "./span-columns.ts";

/**
 * quiet: what is found of each span follows from its shape, its numbers and its request; plain: nothing in it is of GenAI, nor
 * a request to a model; loud: neither.
 */
export type Verdict = "quiet" | "plain" | "loud";

/** Spans between a call and its request that retry-attempts.ts looks through (collectBelow). */
const BETWEEN_MAX = 4;
/** Spans above one another: fewer than where any walk of the ordinary way ends (call-once.ts, call-promotion.ts, trace-memory.ts). */
const ANCESTORS_MAX = 24;
/** Looks for the place of an id, per span of the trace: beyond it somebody makes ids that hash alike. */
const LOOKS_PER_SPAN = 8;
/** Calls of one trace that are compared with each other. */
const COMPARED_CALLS_MAX = 32;
/** Spans of a trace whose calls may repeat each other: as many neighbours as the ordinary way looks at (trace-memory.ts, siblingsNear). */
const NEIGHBOURS_MAX = 128;
const NONE = -1;
const SPANS_GUESS = 1_024;

/** What is judged: a trace of some columns, with the shapes of its spans by their index, and what came before of it. */
export interface JudgedTrace {
  readonly columns: SpanColumns;
  readonly trace: number;
  readonly shapes: readonly (QuietShape | undefined)[];
  /** None, or the spans of quiet parts: together with these the trace is judged, as if all had come at once. */
  readonly earlier: EarlierSpans;
}

/**
 * Tells whether a trace goes by its shapes: of which nothing was known, or only what is quiet. Each condition keeps some rule of
 * the ordinary way from asking for times, for other traces or for what came earlier, and names it.
 */
export class QuietJudge {
  /** QuietRole by span, of the trace that was judged last. */
  roles = new Uint8Array(SPANS_GUESS);
  /** By span of a call: its request, or -1. */
  requestOf = new Int32Array(SPANS_GUESS);
  /** Of that trace, its calls and its requests to a model. */
  calls = new Int32Array(SPANS_GUESS);
  callCount = 0;
  requests = new Int32Array(SPANS_GUESS);
  requestCount = 0;
  /** Of the calls, those that failed. */
  failedCount = 0;
  /** Some may repeat one that failed: the calls stand in the order in which they began (quiet-repeats.ts tells which). */
  mayRepeat = false;
  /** Spans of the trace by a hash of their ids, each plus one. */
  private places = new Int32Array(4 * SPANS_GUESS);
  private placeMask = 0;

  /** Makes room for the spans of a request. */
  begin(spanCount: number): void {
    if (spanCount <= this.roles.length) return;
    this.roles = new Uint8Array(2 * spanCount);
    this.requestOf = new Int32Array(2 * spanCount);
    this.calls = new Int32Array(2 * spanCount);
    this.requests = new Int32Array(2 * spanCount);
    this.places = new Int32Array(8 * spanCount);
  }

  judge(judged: JudgedTrace): Verdict {
    this.callCount = 0;
    this.requestCount = 0;
    this.failedCount = 0;
    this.mayRepeat = false;
    const verdict = this.readRoles(judged);
    const isNew = judged.earlier.count === 0;
    if (verdict === "loud" || (verdict === "plain" && isNew)) return verdict;
    const stands =
      this.hasUniqueIds(judged) &&
      this.callsStandAlone(judged) &&
      this.requestsAreOwned(judged) &&
      (this.nothingRepeats(judged) || this.callsFollow(judged));
    return stands && (isNew || this.standsBesideEarlier(judged)) ? verdict : "loud";
  }

  private readRoles({ columns, trace, shapes }: JudgedTrace): Verdict {
    const { spans, numbers } = columns;
    let verdict: Verdict = "plain";
    for (let span = firstSpanOf(columns, trace); span >= 0; span = spanAfter(columns, span)) {
      const shape = shapes[span];
      if (shape === undefined) return "loud";
      const at = span * SPAN_STRIDE;
      const isEmpty =
        shape.outputPlace >= 0 && numbers[(spans[at + SPAN_COLUMN.firstNumber] ?? 0) + TIME_NUMBERS + shape.outputPlace] === 0;
      const role = isEmpty ? shape.roleWithoutOutput : shape.role;
      if (role === QUIET_ROLE.loud) return "loud";
      if (role !== QUIET_ROLE.other) verdict = "quiet";
      this.roles[span] = role;
      this.requestOf[span] = NONE;
      // What it says of its failure would be gone when the trace is asked for (enrich-entry.ts, requestFailure).
      if (role === QUIET_ROLE.http && spans[at + SPAN_COLUMN.ownTexts] === 1) return "loud";
      if (role === QUIET_ROLE.call) {
        this.calls[this.callCount++] = span;
        if (shape.failed) this.failedCount += 1;
      } else if (role === QUIET_ROLE.http) this.requests[this.requestCount++] = span;
    }
    return verdict;
  }

  /** A span that comes twice takes its own place in the memory (trace-memory.ts, remember). */
  private hasUniqueIds({ columns, trace }: JudgedTrace): boolean {
    const { traces, ids } = columns;
    const count = traces[trace * TRACE_STRIDE + TRACE_COLUMN.spans] ?? 0;
    // Twice as many places as spans at least, a power of two.
    const mask = (1 << (33 - Math.clz32(count))) - 1;
    this.placeMask = mask;
    this.places.fill(0, 0, mask + 1);
    let looks = LOOKS_PER_SPAN * count;
    for (let span = firstSpanOf(columns, trace); span >= 0; span = spanAfter(columns, span)) {
      const at = span * ID_STRIDE + ID_WORD.span;
      const low = ids[at] ?? 0;
      const high = ids[at + 1] ?? 0;
      let place = hashOf(low, high) & mask;
      for (let other = (this.places[place] ?? 0) - 1; other >= 0; other = (this.places[place] ?? 0) - 1) {
        if (isSpan(ids, other, low, high) || (looks -= 1) < 0) return false;
        place = (place + 1) & mask;
      }
      this.places[place] = span + 1;
    }
    return true;
  }

  /** The span of this trace with that id, or -1. */
  private find(ids: Int32Array, low: number, high: number): number {
    const { places, placeMask } = this;
    let place = hashOf(low, high) & placeMask;
    for (let other = (places[place] ?? 0) - 1; other >= 0; other = (places[place] ?? 0) - 1) {
      if (isSpan(ids, other, low, high)) return other;
      place = (place + 1) & placeMask;
    }
    return NONE;
  }

  /**
   * No call stands above another: then each counts (call-once.ts, callBelow and hasCountedAncestor), and the requests of the one are
   * not beside the other (retry-attempts.ts, collectBeside and collectBefore). And no two spans tell of one call, whatever their
   * times: that takes two scopes and one model (call-once.ts, isSameCall).
   */
  private callsStandAlone(judged: JudgedTrace): boolean {
    const { shapes, earlier } = judged;
    const first = earlier.calls[0] ?? shapes[this.calls[0] ?? NONE];
    let hasOneScope = true;
    for (let index = 0; index < this.callCount; index += 1) {
      const call = this.calls[index] ?? NONE;
      if (shapes[call]?.column.scopeName !== first?.column.scopeName) hasOneScope = false;
      if (this.hasCallAbove(judged, call)) return false;
    }
    return hasOneScope || this.scopesAskOtherModels(judged);
  }

  private scopesAskOtherModels(judged: JudgedTrace): boolean {
    return this.noTwoCalls(judged, (one, other) => one.column.scopeName !== other.column.scopeName && sameModel(one.model, other.model));
  }

  /**
   * No call may repeat a failed one, whatever their times: that takes one model (retry-chain.ts, isSameOperation; what it does not
   * ask is asked of calls with requests outside alone). And no failure is told by another span: who stands above a call or beside
   * it has not failed, or counts as a call itself (call-witness.ts, failedAround and isTwin).
   */
  private nothingRepeats(judged: JudgedTrace): boolean {
    if (this.failedCount === 0 && !judged.earlier.calls.some(({ failed }) => failed)) return true;
    return this.noTwoCalls(judged, (one, other) => (one.failed || other.failed) && sameModel(one.model, other.model));
  }

  /**
   * Or who repeats whom is told by the calls alone, because nothing but them is looked at for it (retry-chain.ts, latestFailure): they all stand below
   * one span, so that nothing else beside them, or beside what is above them, has a call below; and no request is without its call, which would be
   * taken for one. They began and ended in one order, in which they are taken then (enrich.ts, byStart and byEnd).
   */
  private callsFollow({ columns, trace, earlier }: JudgedTrace): boolean {
    const { spans, numbers, ids, traces } = columns;
    if (earlier.count > 0 || (traces[trace * TRACE_STRIDE + TRACE_COLUMN.spans] ?? 0) > NEIGHBOURS_MAX) return false;
    const timeOf = (span: number, number: 0 | 1): number =>
      numbers[(spans[span * SPAN_STRIDE + SPAN_COLUMN.firstNumber] ?? 0) + number] ?? 0;
    const calls = this.calls.subarray(0, this.callCount).sort((a, b) => timeOf(a, 0) - timeOf(b, 0));
    const first = (calls[0] ?? 0) * ID_STRIDE + ID_WORD.parent;
    if (ids[first] === 0 && ids[first + 1] === 0) return false;
    for (let index = 1; index < calls.length; index += 1) {
      const [before, call] = [calls[index - 1] ?? 0, calls[index] ?? 0];
      if (!(timeOf(before, 0) < timeOf(call, 0)) || !(timeOf(before, 1) < timeOf(call, 1))) return false;
      const at = call * ID_STRIDE + ID_WORD.parent;
      if (ids[at] !== ids[first] || ids[at + 1] !== ids[first + 1]) return false;
    }
    this.mayRepeat = true;
    return true;
  }

  /** Whether no call is, to another of all that came, what is asked. */
  private noTwoCalls({ shapes, earlier }: JudgedTrace, are: (one: QuietShape, other: QuietShape) => boolean): boolean {
    const count = this.callCount + earlier.calls.length;
    if (count < 2) return true;
    if (count > COMPARED_CALLS_MAX) return false;
    const calls = [...earlier.calls];
    for (let index = 0; index < this.callCount; index += 1) {
      const shape = shapes[this.calls[index] ?? NONE];
      if (shape !== undefined) calls.push(shape);
    }
    // Of those that came before all was found when they came.
    for (let index = earlier.calls.length; index < calls.length; index += 1) {
      const one = calls[index];
      if (one !== undefined && calls.slice(0, index).some((other) => are(one, other))) return false;
    }
    return true;
  }

  /** Whether a call stands above a span, as far as all that came is known; true as well where nobody can tell. */
  private hasCallAbove({ columns, earlier }: JudgedTrace, span: number): boolean {
    const { spans, ids } = columns;
    let below = span;
    let above = spans[span * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
    for (let depth = 0; above >= 0; depth += 1) {
      if (depth >= ANCESTORS_MAX || this.roles[above] === QUIET_ROLE.call) return true;
      below = above;
      above = spans[above * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
    }
    if (earlier.count === 0) return false;
    const at = below * ID_STRIDE + ID_WORD.parent;
    const before = earlier.find(ids[at] ?? 0, ids[at + 1] ?? 0);
    return before >= 0 && this.hasCallAmong(earlier, before);
  }

  /** Whether an earlier span, or one of those above it, is a call; or stands below a span that has come only now. */
  private hasCallAmong(earlier: EarlierSpans, start: number): boolean {
    let span = start;
    for (let depth = 0; span >= 0; depth += 1) {
      if (depth >= ANCESTORS_MAX || earlier.roles[span] === QUIET_ROLE.call) return true;
      span = earlier.find(earlier.parentLow(span), earlier.parentHigh(span));
    }
    return false;
  }

  /**
   * Each request is found below one call, and is the only one there: then it is that call's first and last attempt, which its
   * times have no say in (retry-attempts.ts, claimAttempts; retry.ts, retriesOf), no other call's, and never unclaimed
   * (call-promotion.ts). One that failed is its call's outcome, and no earlier attempt (retry.ts, failuresBeforeOutcome), where the
   * call failed as well; else its answer broke, or there was another. What stands between them came with them: of what came before,
   * only what stands above a call is remembered (enrich-entry.ts, rememberOthers).
   */
  private requestsAreOwned({ columns: { spans }, shapes }: JudgedTrace): boolean {
    const { roles, requestOf, requests, requestCount } = this;
    for (let index = 0; index < requestCount; index += 1) {
      const request = requests[index] ?? NONE;
      let owner = spans[request * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
      for (let between = 0; owner >= 0 && roles[owner] !== QUIET_ROLE.call; between += 1) {
        if (between >= BETWEEN_MAX) return false;
        owner = spans[owner * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
      }
      if (owner < 0 || requestOf[owner] !== NONE) return false;
      if (shapes[request]?.failed === true && shapes[owner]?.failed !== true) return false;
      requestOf[owner] = request;
    }
    return true;
  }

  /** No span comes again, and none that was missing above earlier ones is a call or stands below one: what was found of those would have been otherwise. */
  private standsBesideEarlier(judged: JudgedTrace): boolean {
    const { columns, trace, earlier } = judged;
    const { ids } = columns;
    for (let span = firstSpanOf(columns, trace); span >= 0; span = spanAfter(columns, span)) {
      const at = span * ID_STRIDE + ID_WORD.span;
      if (earlier.find(ids[at] ?? 0, ids[at + 1] ?? 0) >= 0) return false;
    }
    for (let span = 0; span < earlier.count; span += 1) {
      const above = this.find(ids, earlier.parentLow(span), earlier.parentHigh(span));
      if (above >= 0 && (this.roles[above] === QUIET_ROLE.call || this.hasCallAbove(judged, above))) return false;
    }
    return true;
  }
}

function isSpan(ids: Int32Array, span: number, low: number, high: number): boolean {
  const at = span * ID_STRIDE + ID_WORD.span;
  return ids[at] === low && ids[at + 1] === high;
}

function hashOf(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x27d4eb2d), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
