/** How a field's JSON is read, and which wire type it gets. */
export type ScalarKind =
  | "text"
  | "base64"
  | "traceId"
  | "spanId"
  | "parentSpanId"
  | "bool"
  | "int64"
  | "fixed64"
  | "fixed32"
  | "uint32"
  | "double"
  | "enum";

export interface JsonField {
  readonly id: number;
  readonly name: string;
  /** Tolerated as well: protobuf's own name of the field. */
  readonly protoName: string;
  readonly kind: ScalarKind | "message";
  readonly repeated: boolean;
  /** Of an enum's values, by number. */
  readonly enumNames?: readonly string[];
  readonly message?: JsonMessage;
}

export interface JsonMessage {
  readonly fields: readonly JsonField[];
  /** A value that is wrong somewhere within is left out and noted, instead of failing the request. */
  readonly refusedAlone: boolean;
  /** Nests in itself. */
  readonly recursive: boolean;
}

interface FieldOptions {
  readonly repeated?: boolean;
  readonly message?: JsonMessage;
  readonly enumNames?: readonly string[];
}

function field(id: number, name: string, kind: JsonField["kind"], options: FieldOptions = {}): JsonField {
  const protoName = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return { id, name, protoName, kind, repeated: false, ...options };
}

function message(fields: readonly JsonField[], options: Partial<JsonMessage> = {}): JsonMessage {
  return { fields, refusedAlone: false, recursive: false, ...options };
}

function list(id: number, name: string, of: JsonMessage): JsonField {
  return field(id, name, "message", { repeated: true, message: of });
}

/** The three nest in each other, so their lists are filled after they exist. */
const anyValueFields: JsonField[] = [];
const ANY_VALUE = message(anyValueFields, { recursive: true });
const KEY_VALUE = message([field(1, "key", "text"), field(2, "value", "message", { message: ANY_VALUE })]);
anyValueFields.push(
  field(1, "stringValue", "text"),
  field(2, "boolValue", "bool"),
  field(3, "intValue", "int64"),
  field(4, "doubleValue", "double"),
  field(5, "arrayValue", "message", { message: message([list(1, "values", ANY_VALUE)]) }),
  field(6, "kvlistValue", "message", { message: message([list(1, "values", KEY_VALUE)]) }),
  field(7, "bytesValue", "base64"),
);

const KIND_NAMES = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map((name) => `SPAN_KIND_${name}`);
const STATUS_NAMES = ["UNSET", "OK", "ERROR"].map((name) => `STATUS_CODE_${name}`);

const EVENT = message([
  field(1, "timeUnixNano", "fixed64"),
  field(2, "name", "text"),
  list(3, "attributes", KEY_VALUE),
  field(4, "droppedAttributesCount", "uint32"),
]);

const LINK = message([
  field(1, "traceId", "traceId"),
  field(2, "spanId", "spanId"),
  field(3, "traceState", "text"),
  list(4, "attributes", KEY_VALUE),
  field(5, "droppedAttributesCount", "uint32"),
  field(6, "flags", "fixed32"),
]);

const SPAN = message(
  [
    field(1, "traceId", "traceId"),
    field(2, "spanId", "spanId"),
    field(3, "traceState", "text"),
    field(4, "parentSpanId", "parentSpanId"),
    field(5, "name", "text"),
    field(6, "kind", "enum", { enumNames: KIND_NAMES }),
    field(7, "startTimeUnixNano", "fixed64"),
    field(8, "endTimeUnixNano", "fixed64"),
    list(9, "attributes", KEY_VALUE),
    field(10, "droppedAttributesCount", "uint32"),
    list(11, "events", EVENT),
    field(12, "droppedEventsCount", "uint32"),
    list(13, "links", LINK),
    field(14, "droppedLinksCount", "uint32"),
    field(15, "status", "message", {
      message: message([field(2, "message", "text"), field(3, "code", "enum", { enumNames: STATUS_NAMES })]),
    }),
    field(16, "flags", "fixed32"),
  ],
  { refusedAlone: true },
);

const SCOPE = message([
  field(1, "name", "text"),
  field(2, "version", "text"),
  list(3, "attributes", KEY_VALUE),
  field(4, "droppedAttributesCount", "uint32"),
]);

const SCOPE_SPANS = message([field(1, "scope", "message", { message: SCOPE }), list(2, "spans", SPAN), field(3, "schemaUrl", "text")]);

const RESOURCE = message([list(1, "attributes", KEY_VALUE), field(2, "droppedAttributesCount", "uint32")]);

const RESOURCE_SPANS = message([
  field(1, "resource", "message", { message: RESOURCE }),
  list(2, "scopeSpans", SCOPE_SPANS),
  field(3, "schemaUrl", "text"),
]);

/** OTLP 1.9's ExportTraceServiceRequest as its JSON mapping has it: ids are hex, every other rule is protobuf's. */
export const EXPORT_TRACE_SERVICE_REQUEST = message([list(1, "resourceSpans", RESOURCE_SPANS)]);
