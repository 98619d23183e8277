import type { ErrorCategory } from "../categorization.ts";
import type { ClausePattern } from "./clauses.ts";

/**
 * One row of the rule table. It matches a layer of evidence when the layer holds one of `codes`, a code with the `stem`,
 * prose that matches `text`, or a sentence of the family `clauses`, and nothing in the whole evidence speaks against it (`unless`).
 */
export interface ErrorRule {
  /** Stable and readable: it is returned with the answer and stands in docs/errors.md. */
  readonly name: string;
  readonly category: ErrorCategory;
  /** Machine codes, error types and class names in canonical spelling: lower case, letters and digits only (see error-token.ts). */
  readonly codes?: readonly string[];
  /** A stem inside a code that nobody listed: every SDK has its own `FooRateLimitError`. Tested on the canonical codes, joined by blanks. */
  readonly stem?: RegExp;
  /** The complaint in prose. Tested on lower-cased, unquoted, bounded text; must have no nested quantifiers. */
  readonly text?: RegExp;
  /** Families of words that make the complaint when they stand in one sentence or one code; see clause-words.ts. */
  readonly clauses?: readonly ClausePattern[];
  readonly unless?: { readonly codes?: readonly string[]; readonly text?: RegExp; readonly status?: readonly number[] };
  /** Where the category's own answer (retryable.ts) is wrong for this rule. */
  readonly retryable?: boolean;
  /** What a provider says in this case, for the rule sheet and its test. */
  readonly example: string;
}

/**
 * The rules of one category by the strength of their evidence. `named` rules name the complaint itself
 * (`insufficient_quota`, "prompt is too long"); `implied` rules only its family (`RateLimitError`, "fetch failed"), so they
 * wait until every category has looked for a named complaint; `vague` ones are wrappers thrown for whole ranges of
 * statuses (`InternalServerError`, `invalid_request_error`), weaker even than the bare status.
 */
export interface CategoryRules {
  readonly named: readonly ErrorRule[];
  readonly implied: readonly ErrorRule[];
  readonly vague: readonly ErrorRule[];
}
