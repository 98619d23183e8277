import { BackwardWriter } from "./backward-writer.ts";
import { VALUE_DEPTH_MAX } from "./any-value.ts";
import { EXPORT_TRACE_SERVICE_REQUEST, type JsonField, type JsonMessage } from "./json-messages.ts";
import { encodeJsonScalar, expected, FieldProblem } from "./json-scalar.ts";
import type { RejectionReason } from "./request-scan.ts";
import { MalformedError, tagOf, WIRE_TYPE } from "./wire-reader.ts";
import { wrongSignalOfJson, wrongSignalText } from "./wrong-signal.ts";

/** An OTLP/JSON request in protobuf, less the spans that are wrong in their JSON. */
export interface JsonRequest {
  readonly protobuf: Uint8Array;
  readonly rejectedSpans: number;
  readonly rejectionReasons: Map<RejectionReason, number>;
  readonly firstRejection: string;
}

interface Decoding {
  readonly out: BackwardWriter;
  /** Where in the request we are; joined only when something is wrong there. */
  readonly path: (string | number)[];
  readonly rejectionReasons: Map<RejectionReason, number>;
  rejectedSpans: number;
  firstRejection: string;
}

/**
 * OTLP/JSON as protobuf, so that everything behind has one format to know. Unknown fields are ignored, as the specification
 * wants it. Throws MalformedError that names the field where the body is no request; a span that alone is wrong is left out.
 */
export function decodeJsonRequest(body: Uint8Array): JsonRequest {
  const request = parse(body);
  const decoding: Decoding = {
    out: new BackwardWriter(body.length),
    path: [],
    rejectionReasons: new Map(),
    rejectedSpans: 0,
    firstRejection: "",
  };
  try {
    encodeMessage(decoding, EXPORT_TRACE_SERVICE_REQUEST, request, 0);
  } catch (error) {
    if (error instanceof FieldProblem) throw new MalformedError(`${pathText(decoding.path)}: ${error.message}`);
    throw error;
  }
  const { out, rejectedSpans, rejectionReasons, firstRejection } = decoding;
  return { protobuf: out.written(), rejectedSpans, rejectionReasons, firstRejection };
}

function parse(body: Uint8Array): object {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  const request = parseJson(text);
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw new MalformedError(`expected a JSON object with resourceSpans, got ${nameOf(request)}`);
  }
  const signal = wrongSignalOfJson(request);
  if (signal !== null) throw new MalformedError(wrongSignalText(signal));
  return request;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text, which may be a prompt: only the position is passed on.
    const position = error instanceof Error ? /position \d+/.exec(error.message)?.[0] : undefined;
    throw new MalformedError(`malformed JSON${position === undefined ? "" : ` at ${position}`}`);
  }
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

/** Fields from the last to the first, because the writer goes backwards. */
function encodeMessage(decoding: Decoding, message: JsonMessage, value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw expected(`an object, got ${nameOf(value)}`);
  if (depth > VALUE_DEPTH_MAX) throw expected(`attributes nested no deeper than ${VALUE_DEPTH_MAX}`);
  const object = value as Readonly<Record<string, unknown>>;
  for (let index = message.fields.length - 1; index >= 0; index--) {
    const field = message.fields[index];
    if (field === undefined) continue;
    const fieldValue = ownValue(object, field);
    if (fieldValue === undefined || fieldValue === null) continue;
    decoding.path.push(field.name);
    encodeField(decoding, field, fieldValue, message.recursive ? depth + 1 : depth);
    decoding.path.pop();
  }
}

function ownValue(object: Readonly<Record<string, unknown>>, field: JsonField): unknown {
  if (Object.hasOwn(object, field.name)) return object[field.name];
  return Object.hasOwn(object, field.protoName) ? object[field.protoName] : undefined;
}

function encodeField(decoding: Decoding, field: JsonField, value: unknown, depth: number): void {
  if (!field.repeated) {
    encodeOne(decoding, field, value, depth);
    return;
  }
  if (!Array.isArray(value)) throw expected(`an array, got ${nameOf(value)}`);
  for (let index = value.length - 1; index >= 0; index--) {
    decoding.path.push(index);
    if (field.message?.refusedAlone === true) encodeOrRefuse(decoding, field, value[index], depth);
    else encodeOne(decoding, field, value[index], depth);
    decoding.path.pop();
  }
}

function encodeOne(decoding: Decoding, field: JsonField, value: unknown, depth: number): void {
  const { out } = decoding;
  if (field.message === undefined) {
    encodeJsonScalar(out, field, value);
    return;
  }
  const before = out.length;
  encodeMessage(decoding, field.message, value, depth);
  out.uint32(out.length - before);
  out.uint32(tagOf(field.id, WIRE_TYPE.length));
}

function encodeOrRefuse(decoding: Decoding, field: JsonField, value: unknown, depth: number): void {
  const pathLength = decoding.path.length;
  const length = decoding.out.length;
  try {
    encodeOne(decoding, field, value, depth);
  } catch (error) {
    if (!(error instanceof FieldProblem)) throw error;
    decoding.rejectedSpans++;
    decoding.rejectionReasons.set(error.reason, (decoding.rejectionReasons.get(error.reason) ?? 0) + 1);
    // Backwards: the last to be found is the first of the request.
    decoding.firstRejection = `${pathText(decoding.path)}: ${error.message}`;
    decoding.path.length = pathLength;
    decoding.out.rewind(length);
  }
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${part}`)).join("");
}
