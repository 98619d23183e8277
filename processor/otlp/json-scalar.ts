import type { BackwardWriter } from "./backward-writer.ts";
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from "./ids.ts";
import type { JsonField, ScalarKind } from "./json-messages.ts";
import type { RejectionReason } from "./request-scan.ts";
import { tagOf, WIRE_TYPE } from "./wire-reader.ts";

/** A field whose JSON is not what its type needs. The message says what was expected and never quotes a value. */
export class FieldProblem extends Error {
  readonly reason: RejectionReason;

  constructor(message: string, reason: RejectionReason) {
    super(message);
    this.reason = reason;
  }
}

export function expected(what: string, reason: RejectionReason = "malformed"): FieldProblem {
  return new FieldProblem(`expected ${what}`, reason);
}

interface Scalar {
  readonly wireType: number;
  readonly write: (out: BackwardWriter, value: unknown, field: JsonField) => void;
}

/** https://protobuf.dev/programming-guides/json, and OTLP's own rule for ids: hex, in any case. */
const SCALARS: Readonly<Record<Exclude<ScalarKind, "message">, Scalar>> = {
  text: { wireType: WIRE_TYPE.length, write: (out, value) => out.uint32(out.text(textOf(value))) },
  base64: { wireType: WIRE_TYPE.length, write: (out, value) => out.uint32(out.text(base64Of(value), "base64")) },
  traceId: { wireType: WIRE_TYPE.length, write: (out, value) => writeId(out, value, TRACE_ID_BYTES, "invalid_trace_id") },
  spanId: { wireType: WIRE_TYPE.length, write: (out, value) => writeId(out, value, SPAN_ID_BYTES, "invalid_span_id") },
  parentSpanId: { wireType: WIRE_TYPE.length, write: writeParentId },
  bool: { wireType: WIRE_TYPE.varint, write: (out, value) => out.uint32(booleanOf(value) ? 1 : 0) },
  int64: { wireType: WIRE_TYPE.varint, write: (out, value) => writeInt64(out, value) },
  fixed64: { wireType: WIRE_TYPE.fixed64, write: writeFixed64 },
  fixed32: { wireType: WIRE_TYPE.fixed32, write: (out, value) => out.fixed32(uint32Of(value)) },
  uint32: { wireType: WIRE_TYPE.varint, write: (out, value) => out.uint32(uint32Of(value)) },
  double: { wireType: WIRE_TYPE.fixed64, write: (out, value) => out.double(doubleOf(value)) },
  enum: { wireType: WIRE_TYPE.varint, write: (out, value, field) => out.uint32(enumOf(value, field.enumNames ?? [])) },
};

/** Writes a field's value and, as the writer goes backwards, its tag after it. */
export function encodeJsonScalar(out: BackwardWriter, field: JsonField, value: unknown): void {
  if (field.kind === "message") throw new TypeError(`${field.name} is no scalar`);
  const scalar = SCALARS[field.kind];
  scalar.write(out, value, field);
  out.uint32(tagOf(field.id, scalar.wireType));
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw expected("a string");
  return value;
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

function base64Of(value: unknown): string {
  if (typeof value !== "string" || !BASE64.test(value)) throw expected("base64");
  return value;
}

function booleanOf(value: unknown): boolean {
  if (typeof value !== "boolean") throw expected("true or false");
  return value;
}

const HEX = /^[0-9a-fA-F]+$/;
const ZEROS = /^0+$/;

function writeId(out: BackwardWriter, value: unknown, bytes: number, reason: RejectionReason): void {
  if (typeof value !== "string" || value.length !== bytes * 2 || !HEX.test(value)) throw expected(`${bytes * 2} hex digits`, reason);
  if (ZEROS.test(value)) throw expected(`${bytes * 2} hex digits that are not all zero`, reason);
  out.uint32(out.text(value, "hex"));
}

/** "" and zeros both say that there is none, and stay what they are. */
function writeParentId(out: BackwardWriter, value: unknown): void {
  if (value === "") out.uint32(0);
  else if (typeof value === "string" && value.length === SPAN_ID_BYTES * 2 && ZEROS.test(value)) out.uint32(out.text(value, "hex"));
  else writeId(out, value, SPAN_ID_BYTES, "invalid_parent_span_id");
}

const WHOLE_NUMBER = /^-?\d{1,20}$/;
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;
const UINT64_MAX = 2n ** 64n - 1n;
const UINT32_MAX = 2 ** 32 - 1;

function writeInt64(out: BackwardWriter, value: unknown): void {
  const number = wholeNumber(value, INT64.min, INT64.max);
  const bits = BigInt.asUintN(64, number);
  out.varint(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
}

function writeFixed64(out: BackwardWriter, value: unknown): void {
  const bits = wholeNumber(value, 0n, UINT64_MAX);
  out.fixed64(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
}

function wholeNumber(value: unknown, min: bigint, max: bigint): bigint {
  const number = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : wholeNumberOfText(value);
  if (number === null || number < min || number > max) throw expected(`a whole number from ${min} to ${max}, as a number or in a string`);
  return number;
}

function wholeNumberOfText(value: unknown): bigint | null {
  return typeof value === "string" && WHOLE_NUMBER.test(value) ? BigInt(value) : null;
}

function uint32Of(value: unknown): number {
  const number = typeof value === "string" && WHOLE_NUMBER.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > UINT32_MAX)
    throw expected("a whole number of 32 bits");
  return number;
}

const NON_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function doubleOf(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && Object.hasOwn(NON_FINITE, value)) return NON_FINITE[value] ?? Number.NaN;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) throw expected('a number, or "NaN", "Infinity", "-Infinity"');
  return number;
}

function enumOf(value: unknown, names: readonly string[]): number {
  const index = typeof value === "string" ? names.indexOf(value) : -1;
  if (index >= 0) return index;
  if (typeof value === "string" && !WHOLE_NUMBER.test(value)) throw expected(`a number, or one of ${names.join(", ")}`);
  return uint32Of(value);
}
