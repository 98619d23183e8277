import type { ErrorCategory } from "./categorization.ts";
import { evidentFailure, requestBelow, type Attempt, type Failure } from "./call-failure.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { readAttempt } from "./enrich-entry.ts";
import type { QuietCall, QuietShape } from "./quiet-shape.ts";
import { ColumnSpan } from "./quiet-span.ts";
import type { SpanColumns } from "./span-columns.ts";
import type { SpanShape } from "./span-shape.ts";
import { ERROR_READ_KEYS, statedEvidenceOf, toldEvidence, type FailureTexts, type StatedEvidence } from "./span-error-evidence.ts";

/** What is written alike on all calls of a shape that fail so. */
export interface FailureKind {
  readonly category: ErrorCategory;
  readonly retryable: boolean;
  readonly errorType: string | undefined;
  /** The provider stated a wait, each time another. */
  readonly statesWait: boolean;
}

/** What is found of a call that failed. */
export interface FoundFailure {
  readonly failure: Failure;
  /** One object for all of its kind. */
  readonly kind: FailureKind;
}

/** The words of a span that failed. */
export interface KnownTexts extends FailureTexts {
  /** They came before, and this object is given whenever they come again. */
  readonly repeats?: boolean;
}

/** A failed call of some columns. */
export interface FailedCall {
  readonly columns: SpanColumns;
  readonly span: number;
  readonly call: QuietCall;
  /** Its request and that one's shape, if one is known. */
  readonly request: number;
  readonly requestShape: QuietShape | undefined;
}

/** Kinds of failures of one shape. More of them means that somebody invents types of errors, and their spans are read one by one. */
const KINDS_MAX = 32;
/** Shapes of requests beneath the calls of one shape; beyond it all are forgotten. */
const REQUESTS_MAX = 32;

const ERROR_KEYS: ReadonlySet<string> = new Set(ERROR_READ_KEYS);
const NO_TEXTS: KnownTexts = { statusMessage: "", events: [], repeats: true };

/** What calls of one shape with requests of one shape say of their failures, and what was found of texts that repeat. */
interface ShapedFailures {
  readonly request: SpanShape | undefined;
  readonly attempt: Attempt | undefined;
  readonly stated: StatedEvidence;
  readonly found: WeakMap<KnownTexts, FoundFailure>;
}

interface CallFailures {
  readonly kinds: FailureKind[];
  readonly byRequest: ShapedFailures[];
}

/** Finds what calls failed of that no other span has a say in but their requests (quiet-judge.ts), as `enrichBatch` does. */
export class QuietFailures {
  private readonly byCall = new WeakMap<QuietCall, CallFailures>();

  /** `texts`: null where it has none. null: too many kinds are known of its shape. */
  find(failed: FailedCall, texts: KnownTexts | null, context: EnrichContext): FoundFailure | null {
    const known = this.failuresOf(failed.call);
    const shaped = shapedFailures(known, failed, context);
    const told = texts ?? NO_TEXTS;
    const before = shaped.found.get(told);
    if (before !== undefined) return before;
    const evidence = toldEvidence(shaped.stated, told);
    const failure = evidentFailure(evidence, failed.call.words.errorType, shaped.attempt, context.memory.categorize);
    const kind = kindOf(failure, known.kinds);
    if (kind === null) return null;
    const found = { failure, kind };
    if (told.repeats === true) shaped.found.set(told, found);
    return found;
  }

  private failuresOf(call: QuietCall): CallFailures {
    const before = this.byCall.get(call);
    if (before !== undefined) return before;
    const failures = { kinds: [], byRequest: [] };
    this.byCall.set(call, failures);
    return failures;
  }
}

function shapedFailures({ byRequest }: CallFailures, failed: FailedCall, context: EnrichContext): ShapedFailures {
  for (let index = 0; index < byRequest.length; index += 1) {
    const before = byRequest[index];
    if (before !== undefined && before.request === failed.requestShape?.column.shape) return before;
  }
  const made = makeShaped(failed, context);
  if (!isShared(failed)) return made;
  if (byRequest.length === REQUESTS_MAX) byRequest.length = 0;
  byRequest.push(made);
  return made;
}

function makeShaped({ columns, span, request, requestShape }: FailedCall, context: EnrichContext): ShapedFailures {
  const attempt = request < 0 ? undefined : (readAttempt(new ColumnSpan(columns, request), context) ?? undefined);
  const below = attempt === undefined ? undefined : requestBelow(attempt);
  const stated = statedEvidenceOf(new ColumnSpan(columns, span).attributes, below);
  return { request: requestShape?.column.shape, attempt, stated, found: new WeakMap() };
}

/** Whether no number of either span tells of the failure. */
function isShared({ columns, span, requestShape }: FailedCall): boolean {
  const keys = [...new ColumnSpan(columns, span).shape.numberKeys, ...(requestShape?.column.shape.numberKeys ?? [])];
  return !keys.some((key) => ERROR_KEYS.has(key));
}

function kindOf({ category, retryable, errorType, retryDelayMs }: Failure, kinds: FailureKind[]): FailureKind | null {
  const statesWait = retryDelayMs !== null;
  for (let index = 0; index < kinds.length; index += 1) {
    const kind = kinds[index];
    if (kind === undefined || kind.category !== category || kind.statesWait !== statesWait) continue;
    if (kind.retryable === retryable && kind.errorType === errorType) return kind;
  }
  if (kinds.length === KINDS_MAX) return null;
  const kind = { category, retryable, errorType, statesWait };
  kinds.push(kind);
  return kind;
}
