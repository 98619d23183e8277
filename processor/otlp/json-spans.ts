import { DOUBLE_KEYS } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { Attributes, AttributeScalar, AttributeValue, Span, SpanEvent } from "../core/span.ts";

/** A request that is not what OTLP/JSON says; the message names the field and what was expected. */
export class MalformedJsonError extends Error {}

/** A span and the place in the document where its attributes stand. */
export interface JsonSpan {
  readonly span: Span;
  readonly ref: JsonObject;
}

type JsonObject = Record<string, unknown>;

/** What the core reads of lists and objects lies flat. */
const READ_DEPTH_MAX = 8;
/** Deeper documents cannot be written again: JSON.stringify has a stack. OTLP itself nests eleven deep, values besides. */
const DOCUMENT_DEPTH_MAX = 1_000;
const NANOS_PER_MS = 1e6;

/**
 * Reads an ExportTraceServiceRequest in OTLP's JSON form (opentelemetry-proto, "JSON Protobuf Encoding": hex ids, int64 as
 * text or number, enums as numbers). What is odd inside a span (ids, times, values) is read as far as it goes.
 * @throws MalformedJsonError where an object or a list is something else
 */
export function readJsonRequest(document: unknown): JsonSpan[] {
  const request = objectAt(document, "the request");
  if (request["resourceSpans"] === undefined && request["resource_spans"] === undefined)
    throw new MalformedJsonError(
      'resourceSpans: expected a list, the document has none (an ExportTraceServiceRequest is {"resourceSpans": [...]})',
    );
  checkDepth(request);
  const spans: JsonSpan[] = [];
  for (const [resourceSpans, at] of listAt(request, "", "resourceSpans", "resource_spans")) {
    const resource = optionalObject(resourceSpans["resource"], `${at}.resource`);
    const resourceAttributes = readAttributes(resource, `${at}.resource`);
    for (const [scopeSpans, scopeAt] of listAt(resourceSpans, `${at}.`, "scopeSpans", "scope_spans")) {
      const scope = optionalObject(scopeSpans["scope"], `${scopeAt}.scope`);
      const shared = { scopeName: textOf(scope["name"]), scopeVersion: textOf(scope["version"]), resource: resourceAttributes };
      for (const [span, spanAt] of listAt(scopeSpans, `${scopeAt}.`, "spans", "spans")) {
        spans.push({ span: readSpan(span, spanAt, shared), ref: span });
      }
    }
  }
  return spans;
}

/** Sets attributes in place: a key that stands there already gets the new value, and no key is left standing twice. */
export function writeJsonAttributes(ref: JsonObject, enrichment: Enrichment): void {
  const before = Array.isArray(ref["attributes"]) ? (ref["attributes"] as JsonObject[]) : [];
  const entries = new Map<unknown, JsonObject>();
  for (const entry of before) entries.set(entry["key"], entry);
  for (const [key, value] of Object.entries(enrichment)) entries.set(key, { key, value: anyValue(key, value) });
  ref["attributes"] = [...entries.values()];
}

type Shared = Pick<Span, "scopeName" | "scopeVersion" | "resource">;

function readSpan(span: JsonObject, at: string, shared: Shared): Span {
  const status = optionalObject(span["status"], `${at}.status`);
  const startMs = millisOf(span["startTimeUnixNano"] ?? span["start_time_unix_nano"]);
  const endMs = millisOf(span["endTimeUnixNano"] ?? span["end_time_unix_nano"]);
  return {
    traceId: textOf(span["traceId"] ?? span["trace_id"]).toLowerCase(),
    spanId: textOf(span["spanId"] ?? span["span_id"]).toLowerCase(),
    parentSpanId: textOf(span["parentSpanId"] ?? span["parent_span_id"]).toLowerCase(),
    name: textOf(span["name"]),
    kind: enumOf(span["kind"], SPAN_KINDS),
    startMs,
    endMs: Math.max(startMs, endMs),
    statusCode: enumOf(status["code"], STATUS_CODES),
    statusMessage: textOf(status["message"]),
    attributes: readAttributes(span, at),
    events: readEvents(span, at),
    ...shared,
  };
}

/** Older exporters write enums by name, which the proto3 JSON mapping allows. */
const SPAN_KINDS = [
  "SPAN_KIND_UNSPECIFIED",
  "SPAN_KIND_INTERNAL",
  "SPAN_KIND_SERVER",
  "SPAN_KIND_CLIENT",
  "SPAN_KIND_PRODUCER",
  "SPAN_KIND_CONSUMER",
];
const STATUS_CODES = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

function enumOf(value: unknown, names: readonly string[]): number {
  const number = typeof value === "string" ? names.indexOf(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number > 0 && number < names.length ? number : 0;
}

function readEvents(span: JsonObject, at: string): SpanEvent[] {
  return listAt(span, `${at}.`, "events", "events").map(([event, eventAt]) => ({
    name: textOf(event["name"]),
    timeMs: millisOf(event["timeUnixNano"] ?? event["time_unix_nano"]),
    attributes: readAttributes(event, eventAt),
  }));
}

function readAttributes(owner: JsonObject, at: string): Attributes {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  for (const [entry, entryAt] of listAt(owner, `${at}.`, "attributes", "attributes")) {
    const key = entry["key"];
    if (typeof key !== "string") throw new MalformedJsonError(`${entryAt}.key: expected text, got ${kindOf(key)}`);
    const value = readAnyValue(entry["value"], 0);
    if (value !== undefined) attributes[key] = value;
  }
  return attributes;
}

/** undefined for an empty value, for bytes, and for what lies too deep. */
function readAnyValue(value: unknown, depth: number): AttributeValue | undefined {
  if (!isObject(value) || depth > READ_DEPTH_MAX) return undefined;
  const text = value["stringValue"] ?? value["string_value"];
  if (typeof text === "string") return text;
  const bool = value["boolValue"] ?? value["bool_value"];
  if (typeof bool === "boolean") return bool;
  const number = value["intValue"] ?? value["int_value"] ?? value["doubleValue"] ?? value["double_value"];
  if (number !== undefined && number !== null) return Number(number);
  const list = entriesOf(value["arrayValue"] ?? value["array_value"]);
  if (list !== undefined) return list.flatMap((entry) => readAnyValue(entry, depth + 1) ?? []);
  return readKeyValues(entriesOf(value["kvlistValue"] ?? value["kvlist_value"]), depth);
}

function readKeyValues(entries: readonly unknown[] | undefined, depth: number): AttributeValue | undefined {
  if (entries === undefined) return undefined;
  const values: Record<string, AttributeValue> = Object.create(null);
  for (const entry of entries) {
    if (!isObject(entry)) continue;
    const value = readAnyValue(entry["value"], depth + 1);
    if (value !== undefined) values[textOf(entry["key"])] = value;
  }
  return values;
}

function entriesOf(value: unknown): readonly unknown[] | undefined {
  if (!isObject(value)) return undefined;
  return Array.isArray(value["values"]) ? value["values"] : [];
}

function anyValue(key: string, value: AttributeScalar): JsonObject {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return DOUBLE_KEYS.has(key) || !Number.isSafeInteger(value) ? { doubleValue: value } : { intValue: String(value) };
}

/** A double holds today's epoch in milliseconds to a quarter of a microsecond. */
function millisOf(nanos: unknown): number {
  const number = typeof nanos === "string" || typeof nanos === "number" ? Number(nanos) : 0;
  return Number.isFinite(number) && number > 0 ? number / NANOS_PER_MS : 0;
}

function listAt(owner: JsonObject, prefix: string, ...names: readonly [string, string]): [JsonObject, string][] {
  const value = owner[names[0]] ?? owner[names[1]];
  if (value === undefined || value === null) return [];
  const at = prefix + names[0];
  if (!Array.isArray(value)) throw new MalformedJsonError(`${at}: expected a list, got ${kindOf(value)}`);
  return value.map((entry: unknown, index) => [objectAt(entry, `${at}[${index}]`), `${at}[${index}]`]);
}

function optionalObject(value: unknown, at: string): JsonObject {
  return value === undefined || value === null ? {} : objectAt(value, at);
}

function objectAt(value: unknown, at: string): JsonObject {
  if (!isObject(value)) throw new MalformedJsonError(`${at}: expected an object, got ${kindOf(value)}`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? "a list" : `${typeof value === "object" ? "an" : "a"} ${typeof value}`;
}

/** Walks with a list of its own: the document that is too deep must not be what overflows the stack. */
function checkDepth(document: JsonObject): void {
  let level: unknown[] = [document];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DOCUMENT_DEPTH_MAX) throw new MalformedJsonError(`the request: nested deeper than ${DOCUMENT_DEPTH_MAX}`);
    level = level.flatMap((value) => Object.values(value as object).filter((inner) => typeof inner === "object" && inner !== null));
  }
}
