import { COMPLAINTS, NEGATED, NEGATIONS, SUBJECTS, type Complaint, type Subject } from "./clause-words.ts";
import { SCRIPT_WORDS } from "./script-words.ts";

/** Sentences and codes of a layer that are read, and words of one sentence. */
const CLAUSES_MAX = 40;
const CLAUSE_WORDS_MAX = 60;
/** Words after a negation that it can speak of: "could not be automatically found". */
const NEGATION_REACH = 4;

/** What one sentence or one code speaks of, as sets of bits. */
export interface Clause {
  readonly subjects: number;
  readonly complaints: number;
}

/** A family of complaints: any of these subjects with any of these complaints, in one sentence. */
export interface ClausePattern extends Clause {
  /** A second subject that must stand there too; 0 for none. */
  readonly also: number;
  readonly withoutSubjects: number;
  readonly withoutComplaints: number;
}

/** Builds a pattern from the names of its words. */
export function clause(
  subjects: readonly Subject[],
  complaints: readonly Complaint[],
  { also = [], without = [] }: { readonly also?: readonly Subject[]; readonly without?: readonly (Subject | Complaint)[] } = {},
): ClausePattern {
  return {
    subjects: bitsOf(subjects, SUBJECT_BITS),
    complaints: bitsOf(complaints, COMPLAINT_BITS),
    also: bitsOf(also, SUBJECT_BITS),
    withoutSubjects: bitsOf(without, SUBJECT_BITS),
    withoutComplaints: bitsOf(without, COMPLAINT_BITS),
  };
}

export function matchesClause(pattern: ClausePattern, { subjects, complaints }: Clause): boolean {
  return (
    (subjects & pattern.subjects) !== 0 &&
    (complaints & pattern.complaints) !== 0 &&
    (pattern.also === 0 || (subjects & pattern.also) !== 0) &&
    (subjects & pattern.withoutSubjects) === 0 &&
    (complaints & pattern.withoutComplaints) === 0
  );
}

// A full stop inside a version or a number ends nothing.
const SENTENCE_END = /[.;!?。；！？](?:\s|$)|[。；！？\n]/;
const WORD = /[a-z]+(?:'[a-z]+)?/g;
const WORD_OF_ANY_SCRIPT = /\p{L}+(?:'[a-z]+)?/gu;
const NOT_ASCII = /[^\0-\x7f]/;

/** The clauses of lower-case prose. */
export function proseClauses(prose: string): readonly Clause[] {
  return prose === "" ? [] : readClauses(prose.split(SENTENCE_END), []);
}

/** These and those of machine codes in their own spelling. */
export function withCodeClauses(clauses: readonly Clause[], codes: readonly string[]): readonly Clause[] {
  return readClauses(codes.map(spacedCode), [...clauses]);
}

function readClauses(texts: readonly string[], clauses: Clause[]): readonly Clause[] {
  for (const text of texts) {
    if (clauses.length >= CLAUSES_MAX) break;
    const found = readClause(text);
    if (found.subjects !== 0 && found.complaints !== 0) clauses.push(found);
  }
  return clauses;
}

/** "KeyRevokedError" and "key_revoked" as "key revoked"; that a class is an error says nothing, that a code is one does ("engine_error"). */
function spacedCode(code: string): string {
  return code
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3 $2")
    .replace(/[^A-Za-z]+/g, " ")
    .replace(/\b(?:Error|Exception)s?\b/g, "")
    .toLowerCase();
}

function readClause(text: string): Clause {
  const found = { subjects: 0, complaints: 0 };
  const isAscii = !NOT_ASCII.test(text);
  const words = text.match(isAscii ? WORD : WORD_OF_ANY_SCRIPT);
  let previous = "";
  let negatedUntil = -1;
  for (let index = 0; words !== null && index < words.length && index < CLAUSE_WORDS_MAX; index += 1) {
    const word = words[index] ?? "";
    add(found, meaningOf(word));
    add(found, SECOND_WORDS.get(previous)?.get(word));
    if (index <= negatedUntil) found.complaints |= NEGATED_BITS.get(word) ?? NEGATED_BITS.get(singular(word)) ?? 0;
    if (NEGATION_WORDS.has(word)) negatedUntil = index + NEGATION_REACH;
    previous = word;
  }
  if (!isAscii) addScripts(text, found);
  return found;
}

function addScripts(text: string, found: { subjects: number; complaints: number }): void {
  for (const { letters, parts } of SCRIPTS) {
    if (letters.test(text)) for (const [part, meaning] of parts) if (text.includes(part)) add(found, meaning);
  }
}

function add(found: { subjects: number; complaints: number }, meaning: Clause | undefined): void {
  if (meaning === undefined) return;
  found.subjects |= meaning.subjects;
  found.complaints |= meaning.complaints;
}

function meaningOf(word: string): Clause | undefined {
  return MEANINGS.get(word) ?? MEANINGS.get(singular(word));
}

function singular(word: string): string {
  return word.endsWith("s") ? word.slice(0, -1) : word;
}

const SUBJECT_BITS = numbered(Object.keys(SUBJECTS));
const COMPLAINT_BITS = numbered(Object.keys(COMPLAINTS));
const MEANINGS = meanings(SUBJECTS, COMPLAINTS);
const SCRIPTS = SCRIPT_WORDS.map(({ letters, subjects, complaints }) => ({
  letters,
  parts: [...meanings(subjects, complaints)].map(([part, meaning]) => [part.replaceAll("_", " "), meaning] as const),
}));
const NEGATED_BITS = new Map([...meanings({}, NEGATED)].map(([word, { complaints }]) => [word, complaints]));
const NEGATION_WORDS = new Set(NEGATIONS.split(/\s+/));
const SECOND_WORDS = secondWords();

/** By their first word, what two words mean together. */
function secondWords(): ReadonlyMap<string, ReadonlyMap<string, Clause>> {
  const bySecond = new Map<string, Map<string, Clause>>();
  for (const [pair, meaning] of MEANINGS) {
    const [first, second] = pair.split("_", 2);
    if (first === undefined || second === undefined) continue;
    const seconds = bySecond.get(first) ?? new Map<string, Clause>();
    bySecond.set(first, seconds.set(second, meaning));
  }
  return bySecond;
}

function numbered(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, index) => [name, 1 << index]));
}

function bitsOf(names: readonly string[], bits: ReadonlyMap<string, number>): number {
  let all = 0;
  for (const name of names) all |= bits.get(name) ?? 0;
  return all;
}

function meanings(subjects: Readonly<Record<string, string>>, complaints: Readonly<Record<string, string>>): ReadonlyMap<string, Clause> {
  const found = new Map<string, Clause>();
  const note = (list: string, meaning: Clause): void => {
    for (const word of list.split(/\s+/)) {
      const known = found.get(word) ?? { subjects: 0, complaints: 0 };
      found.set(word, { subjects: known.subjects | meaning.subjects, complaints: known.complaints | meaning.complaints });
    }
  };
  for (const [name, list] of Object.entries(subjects)) note(list, { subjects: SUBJECT_BITS.get(name) ?? 0, complaints: 0 });
  for (const [name, list] of Object.entries(complaints)) note(list, { subjects: 0, complaints: COMPLAINT_BITS.get(name) ?? 0 });
  return found;
}
