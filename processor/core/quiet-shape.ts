import { completeCall, resendCountOf } from "./call.ts";
import { FIELD } from "./dialect.ts";
import type { EnrichContext } from "./enrich-context.ts";
import type { HttpCall } from "./call-http.ts";
import type { PlacedTemplate } from "./quiet-template.ts";
import { createModellessUsage, type ShapedUsage } from "./shaped-usage.ts";
import { TIME_NUMBERS, type ColumnShape } from "./span-columns.ts";
import { readSpan, type ShapedCall } from "./span-reading.ts";
import type { Span } from "./span.ts";

/** What a span is to its trace (trace-memory.ts, Role); loud: a trace with one is read span by span. */
export const QUIET_ROLE = { other: 0, wrapper: 1, call: 2, http: 3, loud: 4 } as const;
export type QuietRole = (typeof QUIET_ROLE)[keyof typeof QUIET_ROLE];

/** What all spans of one shape are to a trace that is not read span by span. */
export interface QuietShape {
  readonly column: ColumnShape;
  /** With its two times. */
  readonly numberCount: number;
  readonly role: QuietRole;
  /** Where the number of its output tokens, which makes some spans a call, is 0. */
  readonly roleWithoutOutput: QuietRole;
  /** Place of the number of its output tokens among the span's numbers; -1 where no number tells. */
  readonly outputPlace: number;
  /** A call that may take the requests of other traces for its own (retry-attempts.ts, collectElsewhere). */
  readonly claimsElsewhere: boolean;
  /** No table knows its emitter. */
  readonly unknownScope: boolean;
  /** A call or a request that failed: the one is read by itself, the other's failure is that of its shape. */
  readonly failed: boolean;
  /** Of a request to a model. */
  readonly httpStatus: number;
  /** As the memory notes it (enrich-entry.ts, callNote); "" where it is not known. */
  readonly model: string;
  /** null for a span that is not of GenAI. */
  readonly call: QuietCall | null;
  /** By which the spans that are held name it (quiet-ring.ts); -1: none does. */
  number: number;
}

/** What is written on the GenAI spans of one shape, but for their numbers. */
export interface QuietCall extends ShapedCall {
  readonly usage: ShapedUsage;
  /** Anything may say when the first chunk came: a number of the span at that place, -1 where none does, or else. */
  readonly tellsFirstChunk: boolean;
  readonly firstChunkPlace: number;
  /** What numbers say how often it was sent. */
  readonly resendVaries: boolean;
  /** The emitter counts its attempts, or leaves the count out only where it is 0. */
  readonly countsResends: boolean;
  /** What has been written on spans of this shape, the latest first. */
  readonly templates: PlacedTemplate[];
}

/** @param span one of that shape, whose attributes and numbers are its own */
export function createQuietShape(column: ColumnShape, span: Span, context: EnrichContext): QuietShape {
  const { call, http, saidCall } = readSpan(span, context);
  const shaped = column.shape.reading?.call ?? null;
  if (saidCall !== undefined || (call !== null && shaped === null)) return plainShape(column, QUIET_ROLE.loud);
  if (shaped !== null) return genAiShape(column, span, shaped);
  return http === null ? plainShape(column, QUIET_ROLE.other) : requestShape(column, http);
}

function plainShape(column: ColumnShape, role: QuietRole): QuietShape {
  return {
    column,
    numberCount: TIME_NUMBERS + column.shape.numberKeys.length,
    role,
    roleWithoutOutput: role,
    outputPlace: -1,
    claimsElsewhere: false,
    unknownScope: false,
    failed: false,
    httpStatus: 0,
    model: "",
    call: null,
    number: -1,
  };
}

/** A count of earlier attempts says that there were some: retries are found span by span. */
function requestShape(column: ColumnShape, { failed, resendCount, status }: HttpCall): QuietShape {
  return { ...plainShape(column, resendCount > 0 ? QUIET_ROLE.loud : QUIET_ROLE.http), failed, httpStatus: status };
}

function genAiShape(column: ColumnShape, span: Span, shaped: ShapedCall): QuietShape {
  const { words } = shaped;
  const { table, known } = words.dialect;
  const outputPlace = placeOf(shaped, FIELD.outputTokens);
  const asksModel = (output: number): boolean => {
    const fields = shaped.fields.slice();
    if (outputPlace >= 0) fields[FIELD.outputTokens] = output;
    return completeCall(span, words, fields).asksModel;
  };
  const [asks, asksWithoutOutput] = [asksModel(1), asksModel(0)];
  const call = quietCallOf(column, span, shaped);
  // A call without a model takes its name from its request's address (enrich.ts, withAskedModel).
  const isNamed = words.requestModel !== undefined || words.responseModel !== undefined;
  const roleOf = (is: boolean): QuietRole => {
    if (call === null || (is && !isNamed)) return QUIET_ROLE.loud;
    // It may tell of the failure of a call that it is around (call-witness.ts, failedAround).
    if (!is && words.failed) return QUIET_ROLE.loud;
    return is ? QUIET_ROLE.call : QUIET_ROLE.wrapper;
  };
  return {
    ...plainShape(column, QUIET_ROLE.loud),
    role: roleOf(asks),
    roleWithoutOutput: roleOf(asksWithoutOutput),
    outputPlace,
    claimsElsewhere: table.requestsOutside === true && (asks || asksWithoutOutput),
    unknownScope: !known,
    failed: words.failed,
    model: words.requestModel ?? words.responseModel ?? "",
    call,
  };
}

/** null for what depends on more than the span's own numbers and its trace's tree. */
function quietCallOf({ shape }: ColumnShape, span: Span, shaped: ShapedCall): QuietCall | null {
  const { words, fields, numbers } = shaped;
  const { table } = words.dialect;
  // Its events, which are not remembered, may say when it ended (call.ts, lastMomentOf).
  if (words.failed && table.firstTokenEvents !== undefined) return null;
  // Its requests may be in other traces (retry-attempts.ts, collectElsewhere and nearestRun).
  if (table.requestsOutside === true) return null;
  // Two spans of one call that overlap, whichever of them is of the call (call-once.ts, isStreamOf).
  if (table.streamEndsInOwnSpan === true || fields[FIELD.durationSeconds] !== undefined) return null;
  const usage = shaped.usage ?? createModellessUsage(span, words, shape.numberKeys);
  // Usage in texts is read anew in every span.
  if (usage === null) return null;
  const resendVaries = numbers.some((field, index) => index % 2 === 0 && (field === FIELD.resendCount || field === FIELD.attempt));
  const resent = resendVaries ? 0 : resendCountOf(fields);
  if (resent !== undefined && resent > 0) return null;
  return {
    words,
    fields: fields.slice(),
    numbers,
    usage,
    tellsFirstChunk: table.firstTokenEvents !== undefined || FIRST_CHUNK_FIELDS.some((field) => fields[field] !== undefined),
    firstChunkPlace: placeOf(shaped, FIELD.ttftSeconds),
    resendVaries,
    countsResends: resent === 0 || table.native === true,
    templates: [],
  };
}

/** As ttftSecondsOf in call.ts asks. */
const FIRST_CHUNK_FIELDS: readonly number[] = [FIELD.ttftSeconds, FIELD.ttftMs, FIELD.firstTokenAt];

function placeOf({ numbers }: ShapedCall, field: number): number {
  for (let index = 0; index < numbers.length; index += 2) if (numbers[index] === field) return numbers[index + 1] ?? -1;
  return -1;
}
