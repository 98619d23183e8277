import { anthropicNative, awsSdk, botocore, convention, opentelemetry } from "./dialects/convention.ts";
import type { DialectTable, Field } from "./dialects/dialect-table.ts";
import {
  ag2,
  agentFramework,
  genkit,
  googleAdk,
  langsmith,
  logfire,
  mastra,
  pydanticAi,
  semanticKernel,
  springAi,
  strands,
} from "./dialects/frameworks.ts";
import { claudeCode, langfuse, litellm, mlflow, openlitJs, openlitPy, sentry, sigil } from "./dialects/observers.ts";
import { openinference } from "./dialects/openinference.ts";
import { traceloopJs, traceloopPy } from "./dialects/traceloop.ts";
import { vercelAi, vercelAiOtel } from "./dialects/vercel-ai.ts";
import type { Attributes, AttributeValue } from "./span.ts";

/** In the order in which their markers are believed; the convention comes last because nearly everybody writes it too. */
export const DIALECTS: readonly DialectTable[] = [
  anthropicNative,
  vercelAi,
  openinference,
  langfuse,
  mastra,
  genkit,
  langsmith,
  litellm,
  mlflow,
  googleAdk,
  springAi,
  semanticKernel,
  sigil,
  sentry,
  traceloopJs,
  traceloopPy,
  opentelemetry,
  botocore,
  awsSdk,
  vercelAiOtel,
  pydanticAi,
  logfire,
  agentFramework,
  ag2,
  strands,
  openlitPy,
  openlitJs,
  claudeCode,
  convention,
];

/** A table turned round once at load, so that a span costs one pass over its attributes and not one lookup per spelling. */
export interface Dialect {
  readonly table: DialectTable;
  /** false for the convention: its reader is right, but nobody has looked at this emitter's quirks. */
  readonly known: boolean;
  readonly rank: number;
  /** Attribute key -> field index * RANKS + place among the spellings. */
  readonly places: ReadonlyMap<string, number>;
}

/** Values by field, as `readFields` finds them. */
export type Fields = readonly (AttributeValue | undefined)[];

const FIELD_NAMES = [
  "provider",
  "operation",
  "requestModel",
  "responseModel",
  "finishReasons",
  "errorType",
  "resendCount",
  "attempt",
  "ttftSeconds",
  "ttftMs",
  "firstTokenAt",
  "durationSeconds",
  "outputTokens",
  "requestJson",
  "failureWord",
  "success",
  "operationId",
] as const satisfies readonly Field[];

/** More spellings than any field has. */
const RANKS = 32;
const RANK_BITS = 5;

/** Index of each field in `Fields`. */
export const FIELD = Object.fromEntries(FIELD_NAMES.map((name, index) => [name, index])) as Readonly<Record<Field, number>>;

const COMPILED: readonly Dialect[] = DIALECTS.map((table, rank) => ({ table, known: table !== convention, rank, places: placesOf(table) }));

const CONVENTION = COMPILED[COMPILED.length - 1] as Dialect;

const BY_SCOPE: ReadonlyMap<string, Dialect> = new Map(
  COMPILED.flatMap((dialect) => (dialect.table.scopes ?? []).map((scope) => [scope, dialect] as const)),
);

/** Longest first: "opentelemetry.instrumentation.genai." before anything shorter. */
const BY_SCOPE_PREFIX: readonly (readonly [string, Dialect])[] = COMPILED.flatMap((dialect) =>
  (dialect.table.scopePrefixes ?? []).map((prefix) => [prefix, dialect] as const),
).toSorted(([a], [b]) => b.length - a.length);

const BY_MARKER: ReadonlyMap<string, Dialect> = new Map(
  COMPILED.toReversed().flatMap((dialect) => (dialect.table.markers ?? []).map((marker) => [marker, dialect] as const)),
);

const BY_NAME_PREFIX: readonly (readonly [string, Dialect])[] = COMPILED.flatMap((dialect) =>
  (dialect.table.namePrefixes ?? []).map((prefix) => [prefix, dialect] as const),
);

/** The dialect that an instrumentation scope stands for, or null when only the attributes can tell. Worth keeping per scope. */
export function dialectOfScope(scopeName: string): Dialect | null {
  const exact = BY_SCOPE.get(scopeName);
  if (exact !== undefined) return exact;
  for (const [prefix, dialect] of BY_SCOPE_PREFIX) if (scopeName.startsWith(prefix)) return dialect;
  return null;
}

/** The dialect that a span's own marks tell, or null for a span that is not of GenAI. */
export function dialectOfMarks(name: string, attributes: Attributes): Dialect | null {
  let best: Dialect | null = null;
  for (const key in attributes) {
    const dialect = BY_MARKER.get(key);
    if (dialect !== undefined && (best === null || dialect.rank < best.rank)) best = dialect;
  }
  if (best !== null) return best;
  for (const [prefix, dialect] of BY_NAME_PREFIX) if (name.startsWith(prefix)) return dialect;
  return null;
}

const NO_VALUES: readonly (AttributeValue | undefined)[] = FIELD_NAMES.map(() => undefined);
const NO_RANKS: readonly number[] = FIELD_NAMES.map(() => RANKS);

/** The value of every field that the span has, the best spelling of each; `keys`, if given, is filled with these. */
export function readFields(dialect: Dialect, attributes: Attributes, keys?: string[]): Fields {
  const values = NO_VALUES.slice();
  const ranks = NO_RANKS.slice();
  for (const key in attributes) {
    const place = dialect.places.get(key);
    if (place === undefined) continue;
    const field = place >>> RANK_BITS;
    const rank = place & (RANKS - 1);
    if (rank >= (ranks[field] as number)) continue;
    const value = attributes[key];
    if (value === undefined || value === "") continue;
    values[field] = value;
    ranks[field] = rank;
    if (keys !== undefined) keys[field] = key;
  }
  return values;
}

/** The operation of the convention that a dialect's word stands for; a word that no table has stands for itself. */
export function operationOf(table: DialectTable, word: string): string {
  const own = table.operations;
  if (own !== undefined && Object.hasOwn(own, word)) return own[word] as string;
  const common = convention.operations;
  return common !== undefined && Object.hasOwn(common, word) ? (common[word] as string) : word;
}

export const conventionDialect: Dialect = CONVENTION;

/** Every key whose value is one of a dialect's fields. */
export const DIALECT_FIELD_KEYS: readonly string[] = COMPILED.flatMap((dialect) => [...dialect.places.keys()]);

/** Every key that the tables name, as fields or as marks. */
export const DIALECT_KEYS: readonly string[] = [...DIALECT_FIELD_KEYS, ...COMPILED.flatMap((dialect) => dialect.table.markers ?? [])];

function placesOf(table: DialectTable): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, name] of FIELD_NAMES.entries()) {
    const spellings = [...(table.fields?.[name] ?? []), ...(convention.fields?.[name] ?? [])];
    const read = spellings.filter((key) => !isIgnored(table, name, key));
    for (const [rank, key] of [...new Set(read)].entries()) if (!places.has(key)) places.set(key, index * RANKS + rank);
  }
  return places;
}

/** A key that the dialect reads into another field is not read into the convention's. */
function isIgnored(table: DialectTable, name: Field, key: string): boolean {
  return (table.ignored ?? []).includes(key) && !(table.fields?.[name] ?? []).includes(key);
}
