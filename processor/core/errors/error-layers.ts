import type { ErrorEvidence } from "../categorization.ts";
import { collectBody, emptyFindings, type BodyFindings } from "./body-findings.ts";
import { clausesOf, type Clause } from "./clauses.ts";
import { triplesOf, type LetterTriples } from "./letter-triples.ts";
import { addCanonicalTokens } from "./error-token.ts";
import { readErrorText } from "./error-text.ts";
import { grpcCodeName, httpStatusOf } from "./error-status.ts";

/** Layers of wrapping that are judged; real chains have two to five. */
const LAYERS_MAX = 8;
/** Prose that one layer may hold, over all its texts. */
const LAYER_PROSE_CHARS_MAX = 6_144;
/** Codes that one layer may hold. */
const LAYER_CODES_MAX = 200;

/** Shorter prose is matched faster than it is looked into. */
const GATED_CHARS_MIN = 64;

/** One error of a chain, reduced to what rules look at. */
export interface ErrorLayer {
  /** Canonical spellings of every machine code. */
  readonly codes: ReadonlySet<string>;
  /** The same, joined by blanks, for stems of codes that no rule lists. */
  readonly codeText: string;
  /** Lower-case prose. */
  readonly prose: string;
  /** The triples of characters that stand in the prose; null where it is so short that patterns are as cheap. */
  readonly triples: LetterTriples | null;
  /** What its sentences and codes speak of; read when first asked for, as most errors are decided without. */
  readonly clauses: () => readonly Clause[];
}

/** Everything that is known of a failure, in the order in which it is to be believed. */
export interface ErrorFacts {
  readonly provider: string;
  /** Innermost cause first; the error itself last. */
  readonly layers: readonly ErrorLayer[];
  /** HTTP status of 400 and above, stated or read from text; null where nobody says. */
  readonly status: number | null;
  /** Prose of all layers, for what speaks against a rule. */
  readonly allProse: string;
  readonly allCodes: ReadonlySet<string>;
  /** Fields of the body that state a wait. */
  readonly waits: BodyFindings["waits"];
}

export function factsOf(evidence: ErrorEvidence): ErrorFacts {
  const causes = causeLayers(evidence.cause);
  const own = ownLayer(evidence);
  const layers = [...causes.map(({ layer }) => layer), own.layer];
  const status =
    httpStatusOf(evidence.status) ??
    httpStatusOf(evidence.errorCode) ??
    httpStatusOf(evidence.errorType) ??
    own.status ??
    causes.find((cause) => cause.status !== null)?.status ??
    null;
  return {
    provider: typeof evidence.provider === "string" ? evidence.provider.toLowerCase() : "",
    layers,
    status,
    allProse: layers.length === 1 ? own.layer.prose : layers.map((layer) => layer.prose).join("\n"),
    allCodes: layers.length === 1 ? own.layer.codes : new Set(layers.flatMap((layer) => [...layer.codes])),
    waits: own.waits,
  };
}

interface ReadLayer {
  readonly layer: ErrorLayer;
  readonly status: number | null;
}

function ownLayer(evidence: ErrorEvidence): ReadLayer & { waits: BodyFindings["waits"] } {
  const found = emptyFindings();
  if (evidence.body !== undefined && evidence.body !== null) collectBody(evidence.body, found);
  if (typeof evidence.message === "string") collectBody(evidence.message, found);
  const codes: unknown[] = [evidence.errorCode, evidence.errorType, grpcCodeName(evidence.status), headerErrorType(evidence.headers)];
  for (const code of codes) if (typeof code === "string" || typeof code === "number") found.codes.push(String(code));
  return { ...layerOf(found), waits: found.waits };
}

/** AWS puts the exception's name into a header; the body has only its message. */
function headerErrorType(headers: ErrorEvidence["headers"]): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const value = headers["x-amzn-errortype"] ?? headers["x-amzn-ErrorType"] ?? headers["X-Amzn-Errortype"];
  return typeof value === "string" ? value : undefined;
}

/** A chain may be nested (`cause.cause`), a list from the outside in, or an AggregateError's `errors`. */
function causeLayers(cause: unknown): ReadLayer[] {
  if (cause === undefined || cause === null) return [];
  const inward: ReadLayer[] = [];
  const pending: unknown[] = [cause];
  const seen = new Set<object>();
  while (pending.length > 0 && inward.length < LAYERS_MAX && seen.size < LAYERS_MAX * 4) {
    const next = pending.shift();
    if (typeof next === "string") {
      const found = emptyFindings();
      collectBody(next, found);
      inward.push(layerOf(found));
    } else if (typeof next === "object" && next !== null && !seen.has(next)) {
      seen.add(next);
      if (Array.isArray(next)) pending.push(...next.slice(0, LAYERS_MAX));
      else inward.push(...oneCause(next as Record<string, unknown>, pending));
    }
  }
  return inward.reverse();
}

function oneCause(cause: Record<string, unknown>, pending: unknown[]): ReadLayer[] {
  const found = emptyFindings();
  const { cause: inner, errors, ...rest } = cause;
  collectBody(rest, found);
  pending.push(inner, errors);
  return found.codes.length === 0 && found.texts.length === 0 ? [] : [layerOf(found)];
}

function layerOf(found: BodyFindings): ReadLayer {
  const codes = new Set<string>();
  const spelled: string[] = [...found.codes];
  const proses: string[] = [];
  let status = found.status;
  let proseChars = 0;
  for (const text of found.texts) {
    if (proseChars > LAYER_PROSE_CHARS_MAX) break;
    const read = readErrorText(text);
    proses.push(read.prose);
    proseChars += read.prose.length;
    status ??= read.status;
    for (const code of read.codes) addCode(codes, code);
    spelled.push(...read.codes);
  }
  for (const code of found.codes) {
    if (!code.includes(" ")) addCode(codes, code);
    else for (const word of code.split(/\s+/, 3)) addCode(codes, word);
  }
  const prose = proses.join("\n");
  let clauses: readonly Clause[] | null = null;
  return {
    layer: {
      codes,
      codeText: [...codes].join(" "),
      prose,
      triples: prose.length < GATED_CHARS_MIN ? null : triplesOf(prose),
      clauses: () => (clauses ??= clausesOf(prose, spelled)),
    },
    status,
  };
}

function addCode(codes: Set<string>, code: string): void {
  if (codes.size < LAYER_CODES_MAX) addCanonicalTokens(code, codes);
}
