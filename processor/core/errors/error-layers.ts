import type { ErrorEvidence } from "../categorization.ts";
import { collectBody, collectCause, emptyFindings, type BodyFindings } from "./body-findings.ts";
import { withCodeClauses, type Clause } from "./clauses.ts";
import { grpcCodeName, httpStatusOf } from "./error-status.ts";
import { readErrorText, type ErrorText } from "./error-text.ts";
import { addCanonicalTokens } from "./error-token.ts";
import { addMarks, setMark, type PatternMarks } from "./pattern-index.ts";
import { Prose } from "./prose.ts";
import { BITS_BY_CODE, MARK_WORDS, STEM_INDEX } from "./prose-index.ts";

/** Layers of wrapping that are judged; real chains have two to five. */
const LAYERS_MAX = 8;
/** Prose that one layer may hold, over all its texts. */
const LAYER_PROSE_CHARS_MAX = 6_144;
/** Codes that one layer may hold. */
const LAYER_CODES_MAX = 200;

/** One error of a chain, reduced to what rules look at. */
export interface ErrorLayer {
  /** Canonical spellings of every machine code. */
  readonly codes: ReadonlySet<string>;
  /** The same, joined by blanks, for stems of codes that no rule lists. */
  readonly codeText: string;
  /** Bits of the rules that list one of its codes, and of those whose stems its codes may have (prose-index.ts). */
  readonly listed: PatternMarks;
  readonly stems: PatternMarks;
  readonly prose: Prose;
  /** What its sentences and codes speak of; read when first asked for. */
  readonly clauses: () => readonly Clause[];
}

/** Everything that is known of a failure, in the order in which it is to be believed. */
export interface ErrorFacts {
  readonly provider: string;
  /** Innermost cause first; the error itself last. */
  readonly layers: readonly ErrorLayer[];
  /** HTTP status of 400 and above, stated or read from text; null where nobody says. */
  readonly status: number | null;
  /** What prose of any layer may match. */
  readonly marks: PatternMarks;
  /** Prose and codes of all layers, for what speaks against a rule: most of these are not asked for any. */
  readonly allProse: () => string;
  readonly allCodes: () => ReadonlySet<string>;
  /** Fields of the body that state a wait. */
  readonly waits: BodyFindings["waits"];
}

export function factsOf(evidence: ErrorEvidence): ErrorFacts {
  const read = layerReader();
  const causes = causeLayers(evidence.cause, read);
  const own = ownLayer(evidence, read);
  const layers = [...causes.map(({ layer }) => layer), own.layer];
  const status =
    httpStatusOf(evidence.status) ??
    httpStatusOf(evidence.errorCode) ??
    httpStatusOf(evidence.errorType) ??
    own.status ??
    causes.find((cause) => cause.status !== null)?.status ??
    null;
  let allProse: string | null = null;
  return {
    provider: typeof evidence.provider === "string" ? evidence.provider.toLowerCase() : "",
    layers,
    status,
    marks: marksOfAll(layers.map(({ prose }) => prose)),
    allProse: () => (allProse ??= layers.map(({ prose }) => prose.text).join("\n")),
    allCodes: () => (causes.length === 0 ? own.layer.codes : new Set(layers.flatMap((layer) => [...layer.codes]))),
    waits: own.waits,
  };
}

interface LayerRead {
  readonly layer: ErrorLayer;
  readonly status: number | null;
}

type ReadLayer = (found: BodyFindings) => LayerRead;

/** Reads nothing twice in a row: an error says what its innermost cause says, word for word, more often than not. */
function layerReader(): ReadLayer {
  let lastText = "";
  let lastRead: ErrorText | null = null;
  let last: (LayerSource & LayerRead) | null = null;
  const read = (text: string): ErrorText => {
    if (lastRead === null || lastText !== text) lastRead = readErrorText(text);
    lastText = text;
    return lastRead;
  };
  return (found) => {
    if (last !== null && sameSource(last, found)) return last;
    const { codes, texts, status } = found;
    last = { codes, texts, stated: status, ...layerOf(found, read) };
    return last;
  };
}

/** All that a layer is made of. */
interface LayerSource extends Pick<BodyFindings, "codes" | "texts"> {
  readonly stated: number | null;
}

function sameSource({ codes, texts, stated }: LayerSource, found: BodyFindings): boolean {
  return stated === found.status && sameWords(texts, found.texts) && sameWords(codes, found.codes);
}

function sameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}

function marksOfAll(proses: readonly Prose[]): PatternMarks {
  const [first] = proses;
  if (first !== undefined && proses.every((prose) => prose === first)) return first.marks;
  const marks = new Int32Array(MARK_WORDS);
  for (const prose of proses) addMarks(prose.marks, marks);
  return marks;
}

function ownLayer(evidence: ErrorEvidence, read: ReadLayer): LayerRead & { readonly waits: BodyFindings["waits"] } {
  const found = emptyFindings();
  if (evidence.body !== undefined && evidence.body !== null) collectBody(evidence.body, found);
  if (typeof evidence.message === "string") collectBody(evidence.message, found);
  const codes: unknown[] = [evidence.errorCode, evidence.errorType, grpcCodeName(evidence.status), headerErrorType(evidence.headers)];
  for (const code of codes) if (typeof code === "string" || typeof code === "number") found.codes.push(String(code));
  const { layer, status } = read(found);
  return { layer, status, waits: found.waits };
}

/** AWS puts the exception's name into a header; the body has only its message. */
function headerErrorType(headers: ErrorEvidence["headers"]): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  const value = headers["x-amzn-errortype"] ?? headers["x-amzn-ErrorType"] ?? headers["X-Amzn-Errortype"];
  return typeof value === "string" ? value : undefined;
}

/** A chain may be nested (`cause.cause`), a list from the outside in, or an AggregateError's `errors`. */
function causeLayers(cause: unknown, read: ReadLayer): LayerRead[] {
  if (cause === undefined || cause === null) return [];
  if (isLast(cause)) return oneCause(cause, [], read);
  const inward: LayerRead[] = [];
  const pending: unknown[] = [cause];
  const seen = new Set<object>();
  while (pending.length > 0 && inward.length < LAYERS_MAX && seen.size < LAYERS_MAX * 4) {
    const next = pending.shift();
    if (typeof next === "string") {
      const found = emptyFindings();
      collectBody(next, found);
      inward.push(read(found));
    } else if (typeof next === "object" && next !== null && !seen.has(next)) {
      seen.add(next);
      if (Array.isArray(next)) pending.push(...next.slice(0, LAYERS_MAX));
      else inward.push(...oneCause(next as Record<string, unknown>, pending, read));
    }
  }
  return inward.reverse();
}

/** As spans hold it: one error, and nothing beneath it. */
function isLast(cause: unknown): cause is Record<string, unknown> {
  if (typeof cause !== "object" || cause === null || Array.isArray(cause)) return false;
  const { cause: inner, errors } = cause as Readonly<Record<string, unknown>>;
  return inner === undefined && errors === undefined;
}

function oneCause(cause: Record<string, unknown>, pending: unknown[], read: ReadLayer): LayerRead[] {
  const found = emptyFindings();
  collectCause(cause, found);
  pending.push(cause["cause"], cause["errors"]);
  return found.codes.length === 0 && found.texts.length === 0 ? [] : [read(found)];
}

function layerOf(found: BodyFindings, read: (text: string) => ErrorText): LayerRead {
  const codes = new Set<string>();
  const spelled: string[] = [...found.codes];
  const proses: Prose[] = [];
  let status = found.status;
  let proseChars = 0;
  for (const text of found.texts) {
    if (proseChars > LAYER_PROSE_CHARS_MAX) break;
    const said = read(text);
    proses.push(said.prose);
    proseChars += said.prose.text.length;
    status ??= said.status;
    for (const code of said.codes) addCode(codes, code);
    spelled.push(...said.codes);
  }
  for (const code of found.codes) {
    if (!code.includes(" ")) addCode(codes, code);
    else for (const word of code.split(/\s+/, 3)) addCode(codes, word);
  }
  const prose = proseOf(proses);
  const codeText = [...codes].join(" ");
  let clauses: readonly Clause[] | null = null;
  return {
    layer: {
      codes,
      codeText,
      listed: codes.size === 0 ? NO_MARKS : listedBy(codes),
      stems: codes.size === 0 ? NO_MARKS : STEM_INDEX.marksOf(codeText),
      prose,
      clauses: () => (clauses ??= withCodeClauses(prose.clauses(), spelled)),
    },
    status,
  };
}

const NO_MARKS: PatternMarks = new Int32Array(MARK_WORDS);

/** The very prose of a text that stands alone, so that what is found out about it is found out once. */
function proseOf(proses: readonly Prose[]): Prose {
  const [only] = proses;
  if (only !== undefined && proses.length === 1) return only;
  return new Prose(proses.map(({ text }) => text).join("\n"), marksOfAll(proses));
}

function listedBy(codes: ReadonlySet<string>): PatternMarks {
  let listed: Int32Array | null = null;
  for (const code of codes) for (const bit of BITS_BY_CODE.get(code) ?? NO_BITS) setMark((listed ??= new Int32Array(MARK_WORDS)), bit);
  return listed ?? NO_MARKS;
}

const NO_BITS: readonly number[] = [];

function addCode(codes: Set<string>, code: string): void {
  if (codes.size < LAYER_CODES_MAX) addCanonicalTokens(code, codes);
}
