import type { QuietRole, QuietShape } from "./quiet-shape.ts";
import { ID_STRIDE, ID_WORD, SPAN_COLUMN, SPAN_STRIDE, TRACE_COLUMN, TRACE_STRIDE, type SpanColumns } from "./span-columns.ts";

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
const NONE = -1;
const SPANS_GUESS = 1_024;

/**
 * Tells of a trace of which nothing was known before whether it goes by its shapes. Each condition keeps some rule of the
 * ordinary way from asking for times, for other traces or for what came earlier, and names it.
 */
export class QuietJudge {
  /** By span of the trace that was judged last. */
  readonly roles: QuietRole[] = [];
  /** By span of a call: its request, or -1. */
  requestOf = new Int32Array(SPANS_GUESS);
  /** Of that trace, its calls and its requests to a model. */
  readonly calls: number[] = [];
  readonly requests: number[] = [];
  /** Spans of the trace by a hash of their ids, each plus one. */
  private places = new Int32Array(2 * SPANS_GUESS);

  /** Makes room for the spans of a request. */
  begin(spanCount: number): void {
    if (spanCount <= this.requestOf.length) return;
    this.requestOf = new Int32Array(2 * spanCount);
    this.places = new Int32Array(4 * spanCount);
  }

  /** @param shapes by span */
  judge(columns: SpanColumns, trace: number, shapes: readonly (QuietShape | undefined)[]): Verdict {
    const { calls, requests } = this;
    calls.length = 0;
    requests.length = 0;
    const verdict = this.readRoles(columns, trace, shapes);
    if (verdict !== "quiet") return verdict;
    return this.hasUniqueIds(columns, trace) && this.callsStandAlone(columns, shapes) && this.requestsAreOwned(columns) ? "quiet" : "loud";
  }

  private readRoles({ spans, traces, numbers }: SpanColumns, trace: number, shapes: readonly (QuietShape | undefined)[]): Verdict {
    let verdict: Verdict = "plain";
    for (let span = traces[trace * TRACE_STRIDE + TRACE_COLUMN.first] ?? NONE; span >= 0;) {
      const shape = shapes[span];
      if (shape === undefined) return "loud";
      const at = span * SPAN_STRIDE;
      const isEmpty = shape.outputPlace >= 0 && numbers[(spans[at + SPAN_COLUMN.firstNumber] ?? 0) + TIMES + shape.outputPlace] === 0;
      const role = isEmpty ? shape.roleWithoutOutput : shape.role;
      if (role === "loud") return role;
      if (role !== "other") verdict = "quiet";
      this.roles[span] = role;
      this.requestOf[span] = NONE;
      if (role === "call") this.calls.push(span);
      if (role === "http") this.requests.push(span);
      span = spans[at + SPAN_COLUMN.next] ?? NONE;
    }
    return verdict;
  }

  /** A span that comes twice takes its own place in the memory (trace-memory.ts, remember). */
  private hasUniqueIds({ spans, traces, ids }: SpanColumns, trace: number): boolean {
    const count = traces[trace * TRACE_STRIDE + TRACE_COLUMN.spans] ?? 0;
    const mask = 2 ** (33 - Math.clz32(count)) - 1;
    const { places } = this;
    places.fill(0, 0, mask + 1);
    let looks = LOOKS_PER_SPAN * count;
    for (let span = traces[trace * TRACE_STRIDE + TRACE_COLUMN.first] ?? NONE; span >= 0;) {
      const at = span * ID_STRIDE + ID_WORD.span;
      const [low, high] = [ids[at], ids[at + 1]];
      let place = hashOf(low ?? 0, high ?? 0) & mask;
      for (let other = (places[place] ?? 0) - 1; other >= 0; other = (places[place] ?? 0) - 1) {
        const otherAt = other * ID_STRIDE + ID_WORD.span;
        if ((ids[otherAt] === low && ids[otherAt + 1] === high) || (looks -= 1) < 0) return false;
        place = (place + 1) & mask;
      }
      places[place] = span + 1;
      span = spans[span * SPAN_STRIDE + SPAN_COLUMN.next] ?? NONE;
    }
    return true;
  }

  /**
   * All calls come from one scope: then no two spans tell of one call (call-once.ts, isSameCall), whatever their times. None stands
   * above another: then each counts (callBelow and hasCountedAncestor there), and the ones' requests are not beside the others'
   * (retry-attempts.ts, collectBeside and collectBefore).
   */
  private callsStandAlone({ spans }: SpanColumns, shapes: readonly (QuietShape | undefined)[]): boolean {
    const { calls, roles } = this;
    const scopeName = shapes[calls[0] ?? NONE]?.column.scopeName;
    for (const call of calls) {
      if (shapes[call]?.column.scopeName !== scopeName) return false;
      let above = spans[call * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
      for (let depth = 0; above >= 0; depth += 1) {
        if (depth >= ANCESTORS_MAX || roles[above] === "call") return false;
        above = spans[above * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
      }
    }
    return true;
  }

  /**
   * Each request is found below one call, and is the only one there: then it is that call's first and last attempt, which its
   * times have no say in (retry-attempts.ts, claimAttempts; retry.ts, retriesOf), no other call's, and never unclaimed
   * (call-promotion.ts).
   */
  private requestsAreOwned({ spans }: SpanColumns): boolean {
    const { roles, requestOf, requests } = this;
    for (const request of requests) {
      let owner = spans[request * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
      for (let between = 0; owner >= 0 && roles[owner] !== "call"; between += 1) {
        if (between >= BETWEEN_MAX || roles[owner] === "http") return false;
        owner = spans[owner * SPAN_STRIDE + SPAN_COLUMN.parent] ?? NONE;
      }
      if (owner < 0 || requestOf[owner] !== NONE) return false;
      requestOf[owner] = request;
    }
    return true;
  }
}

/** Numbers before those of a shape: start and end. */
const TIMES = 2;

function hashOf(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x27d4eb2d), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
