import type { CountedRow } from "../sinks/postgres-row.ts";

/** What the dimension tables give numbers to: the values of one row, in the order of the columns. */
export type SeriesValues = readonly string[];
export type OutcomeValues = readonly (string | null)[];

/** What calls have in common that are counted together: all but the minute. */
export interface CallKind {
  readonly series: SeriesValues;
  readonly outcome: OutcomeValues;
  /** keyOfValues of both. */
  readonly seriesKey: string;
  readonly outcomeKey: string;
}

/** What of a call decides its kind. */
export type CallWords = Pick<
  CountedRow,
  "serviceName" | "environment" | "provider" | "model" | "operation" | "errorCategory" | "retryReason" | "costStatus"
>;

/** Beyond it all are forgotten: whoever holds one keeps it, and two that say the same are counted as one. */
const KINDS_MAX = 4_096;
/** In place of a value that nobody sent. */
const UNKNOWN = "unknown";

/**
 * Kinds by their words, each one object for as long as it is remembered. A fleet has a few dozen, whose words are mostly the
 * same string objects: one look-up and comparisons of pointers, where a joined key would build and hash a string for every call.
 */
export class CallKinds {
  private readonly byModel = new Map<string | null, { readonly words: CallWords; readonly kind: CallKind }[]>();
  private count = 0;

  find(words: CallWords): CallKind {
    const candidates = this.byModel.get(words.model);
    if (candidates !== undefined) for (const { words: known, kind } of candidates) if (isSame(known, words)) return kind;
    return this.add(words);
  }

  private add({ serviceName, environment, provider, model, operation, errorCategory, retryReason, costStatus }: CallWords): CallKind {
    if (this.count === KINDS_MAX) this.forget();
    this.count += 1;
    const kind = kindOf(
      [serviceName, environment, provider, model, operation].map((value) => clean(value) ?? UNKNOWN),
      [clean(errorCategory), clean(retryReason), clean(costStatus)],
    );
    const entry = { words: { serviceName, environment, provider, model, operation, errorCategory, retryReason, costStatus }, kind };
    const candidates = this.byModel.get(model);
    if (candidates === undefined) this.byModel.set(model, [entry]);
    else candidates.push(entry);
    return kind;
  }

  private forget(): void {
    this.byModel.clear();
    this.count = 0;
  }
}

const kindOf = (series: SeriesValues, outcome: OutcomeValues): CallKind => ({
  series,
  outcome,
  seriesKey: keyOfValues(series),
  outcomeKey: keyOfValues(outcome),
});

function isSame(a: CallWords, b: CallWords): boolean {
  return (
    a.costStatus === b.costStatus &&
    a.provider === b.provider &&
    a.serviceName === b.serviceName &&
    a.environment === b.environment &&
    a.operation === b.operation &&
    a.errorCategory === b.errorCategory &&
    a.retryReason === b.retryReason
  );
}

/** One text of several, for maps: labels have no NUL. */
export const keyOfValues = (values: readonly (string | null)[]): string => values.join("\0");

/** Under the u flag a pair is one character, so only halves match. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** As the row has it: COPY drops NUL and replaces half a surrogate pair, and the rollups must name what the row holds. */
export function clean<T extends string | null>(value: T): T | string {
  return value === null ? value : value.replaceAll(LONE_SURROGATES, "\ufffd").replaceAll("\0", "");
}
