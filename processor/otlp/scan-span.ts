import type { Attributes, AttributeValue, Span, SpanEvent } from "../core/span.ts";
import { checkKeyValue, READ_TEXT_BYTES_MAX } from "./any-value.ts";
import { isZero, sameTraceId, spanIdHex, SPAN_ID_BYTES, TRACE_ID_BYTES } from "./ids.ts";
import { type RejectionReason, REQUEST_EVENTS_READ_MAX, type RequestScan, type SpanOrigin } from "./request-scan.ts";
import { locateAttribute, readPlace, scanAttribute } from "./scan-attribute.ts";
import { decodeText } from "./text-cache.ts";
import { skipField, tagOf, WIRE_TYPE, type WireReader } from "./wire-reader.ts";

/** Fields of Span (opentelemetry/proto/trace/v1/trace.proto); those not named here are passed over. */
const SPAN = {
  traceId: tagOf(1, WIRE_TYPE.length),
  spanId: tagOf(2, WIRE_TYPE.length),
  parentSpanId: tagOf(4, WIRE_TYPE.length),
  name: tagOf(5, WIRE_TYPE.length),
  kind: tagOf(6, WIRE_TYPE.varint),
  start: tagOf(7, WIRE_TYPE.fixed64),
  end: tagOf(8, WIRE_TYPE.fixed64),
  attributes: tagOf(9, WIRE_TYPE.length),
  events: tagOf(11, WIRE_TYPE.length),
  links: tagOf(13, WIRE_TYPE.length),
  status: tagOf(15, WIRE_TYPE.length),
} as const;

/** Wire type of each of Span's fields, by number: a receiver in Go refuses the request where another stands. */
const SPAN_WIRE_TYPES: readonly number[] = [-1, 2, 2, 2, 2, 2, 0, 1, 1, 2, 0, 2, 0, 2, 0, 2, 5];
const EVENT_WIRE_TYPES: readonly number[] = [-1, 1, 2, 2, 0];
const LINK_WIRE_TYPES: readonly number[] = [-1, 2, 2, 2, 2, 0, 5];
const STATUS_WIRE_TYPES: readonly number[] = [-1, -1, 2, 0];

const EVENT = { time: tagOf(1, WIRE_TYPE.fixed64), name: tagOf(2, WIRE_TYPE.length), attributes: tagOf(3, WIRE_TYPE.length) } as const;
const LINK = { traceId: tagOf(1, WIRE_TYPE.length), spanId: tagOf(2, WIRE_TYPE.length), attributes: tagOf(4, WIRE_TYPE.length) } as const;
const STATUS_FIELD = { message: tagOf(2, WIRE_TYPE.length), code: tagOf(3, WIRE_TYPE.varint) } as const;

/** A name is for a list on a screen. */
export const NAME_BYTES_MAX = 1_024;
/** Conversations that are laid flat have thousands; beyond this it is no span. */
export const SPAN_ATTRIBUTES_MAX = 16_384;
/** A stream may have an event per token; what matters is among the first, or an exception. */
const EVENTS_READ_MAX = 512;
/** No call takes longer, and one such duration spoils every average. */
export const SPAN_DURATION_MS_MAX = 366 * 24 * 3_600_000;

const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null));
const NO_EVENTS: readonly SpanEvent[] = Object.freeze([]);

/** The span while it is read. */
type Draft = { -readonly [Key in keyof Span]: Span[Key] };

/** The span whose first byte the reader stands on, or why it is refused. */
export function scanSpan(scan: RequestScan, end: number, origin: SpanOrigin): Span | RejectionReason {
  const { reader } = scan;
  const firstMark = scan.marks.count;
  const span = emptySpan(origin);
  let rejection: RejectionReason | null = null;
  while (reader.position < end) {
    const tagStart = reader.position;
    const tag = reader.tag(end);
    if (tag === SPAN.attributes) {
      const facts = scanAttribute(scan, tagStart, end);
      if (facts.read) setAttribute(scan, facts.key, span);
    } else if ((tag & 7) === WIRE_TYPE.length && tag <= SPAN.status) rejection ??= readMessageField(scan, tag, end, span);
    else readNumberField(reader, tag, end, span);
  }
  if (scan.marks.count - firstMark > SPAN_ATTRIBUTES_MAX) rejection ??= "too_many_attributes";
  return rejection ?? identityRejection(span) ?? timeRejection(scan, span) ?? settled(span);
}

function emptySpan({ scope, resource }: SpanOrigin): Draft {
  return {
    traceId: "",
    spanId: "",
    parentSpanId: "",
    name: "",
    kind: 0,
    startMs: 0,
    endMs: 0,
    statusCode: 0,
    statusMessage: "",
    scopeName: scope.name,
    scopeVersion: scope.version,
    attributes: NO_ATTRIBUTES,
    events: NO_EVENTS,
    resource,
  };
}

function readNumberField(reader: WireReader, tag: number, end: number, span: Draft): void {
  if (tag === SPAN.start) span.startMs = reader.fixed64NanosAsMs(end, "Span.start_time_unix_nano");
  else if (tag === SPAN.end) span.endMs = reader.fixed64NanosAsMs(end, "Span.end_time_unix_nano");
  else if (tag === SPAN.kind) span.kind = reader.varintLow(end, "Span.kind") | 0;
  else skipField(reader, tag, end, SPAN_WIRE_TYPES);
}

/** Answers why the span has to be refused; null where nothing is wrong. */
function readMessageField(scan: RequestScan, tag: number, end: number, span: Draft): RejectionReason | null {
  const { reader } = scan;
  const fieldEnd = reader.lengthEnd(end, "Span");
  const start = reader.position;
  let rejection: RejectionReason | null = null;
  switch (tag) {
    case SPAN.traceId:
      span.traceId = traceIdHex(scan, fieldEnd);
      break;
    case SPAN.spanId:
      span.spanId = spanIdOrEmpty(reader, fieldEnd);
      break;
    case SPAN.parentSpanId:
      // All zeros is how some SDKs say "root"; any other length makes a Collector refuse the whole request.
      span.parentSpanId = spanIdOrEmpty(reader, fieldEnd);
      if (fieldEnd - start !== SPAN_ID_BYTES && fieldEnd > start) rejection = "invalid_parent_span_id";
      break;
    case SPAN.name:
      span.name = decodeText(reader.bytes, start, fieldEnd, NAME_BYTES_MAX);
      break;
    case SPAN.events:
      readEvent(scan, fieldEnd, span);
      break;
    case SPAN.links:
      if (!isLink(reader, fieldEnd)) rejection = "invalid_link";
      break;
    case SPAN.status:
      readStatus(reader, fieldEnd, span);
      break;
    default:
      if (SPAN_WIRE_TYPES[tag >>> 3] !== WIRE_TYPE.length) reader.fail(`Span: field ${tag >>> 3} has wire type 2`);
  }
  reader.position = fieldEnd;
  return rejection;
}

/** "" for an id that is none: of another length, or all zero (trace.proto: "considered invalid"). */
function traceIdHex(scan: RequestScan, end: number): string {
  const { reader, lastTrace } = scan;
  const start = reader.position;
  if (end - start !== TRACE_ID_BYTES || isZero(reader.view, start, TRACE_ID_BYTES)) return "";
  if (lastTrace.position < 0 || !sameTraceId(reader.view, lastTrace.position, start)) {
    lastTrace.position = start;
    lastTrace.hex = reader.bytes.toString("hex", start, end);
  }
  return lastTrace.hex;
}

function spanIdOrEmpty(reader: WireReader, end: number): string {
  const start = reader.position;
  return end - start !== SPAN_ID_BYTES || isZero(reader.view, start, SPAN_ID_BYTES) ? "" : spanIdHex(reader.view, start);
}

function setAttribute(scan: RequestScan, key: string, span: Draft): void {
  const end = scan.reader.position;
  const value = readPlace(scan.reader, scan.place);
  scan.reader.position = end;
  if (value === undefined) return;
  if (span.attributes === NO_ATTRIBUTES) span.attributes = Object.create(null) as Attributes;
  (span.attributes as Record<string, AttributeValue>)[key] = value;
}

function readEvent(scan: RequestScan, end: number, span: Draft): void {
  const { reader } = scan;
  let name = "";
  let timeMs = 0;
  let attributes: Record<string, AttributeValue> | null = null;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === EVENT.time) timeMs = reader.fixed64NanosAsMs(end, "Event.time_unix_nano");
    else if (tag === EVENT.name) name = readName(reader, end);
    else if (tag === EVENT.attributes) attributes = readEventAttribute(scan, end, attributes);
    else skipField(reader, tag, end, EVENT_WIRE_TYPES);
  }
  if (name === "" || span.events.length >= EVENTS_READ_MAX || scan.eventsRead >= REQUEST_EVENTS_READ_MAX) return;
  scan.eventsRead++;
  if (span.events === NO_EVENTS) span.events = [];
  (span.events as SpanEvent[]).push({ name, timeMs, attributes: attributes ?? NO_ATTRIBUTES });
}

function readName(reader: WireReader, messageEnd: number): string {
  const end = reader.lengthEnd(messageEnd, "name");
  const name = decodeText(reader.bytes, reader.position, end, NAME_BYTES_MAX);
  reader.position = end;
  return name;
}

function readEventAttribute(
  { reader, keys, place }: RequestScan,
  eventEnd: number,
  attributes: Record<string, AttributeValue> | null,
): Record<string, AttributeValue> | null {
  const end = reader.lengthEnd(eventEnd, "Event.attributes");
  locateAttribute(reader, end, place);
  const facts = keys.find(reader, place.keyStart, place.keyEnd);
  const value = facts.read ? readPlace(reader, place) : undefined;
  reader.position = end;
  if (value === undefined) return attributes;
  const target = attributes ?? (Object.create(null) as Record<string, AttributeValue>);
  target[facts.key] = value;
  return target;
}

function isLink(reader: WireReader, end: number): boolean {
  let valid = true;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== LINK.traceId && tag !== LINK.spanId && tag !== LINK.attributes) {
      skipField(reader, tag, end, LINK_WIRE_TYPES);
      continue;
    }
    const fieldEnd = reader.lengthEnd(end, "Link");
    if (tag === LINK.attributes) checkKeyValue(reader, fieldEnd, 0);
    else if (fieldEnd > reader.position) valid &&= fieldEnd - reader.position === (tag === LINK.traceId ? TRACE_ID_BYTES : SPAN_ID_BYTES);
    reader.position = fieldEnd;
  }
  return valid;
}

function readStatus(reader: WireReader, end: number, span: Draft): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === STATUS_FIELD.code) span.statusCode = reader.varintLow(end, "Status.code") | 0;
    else if (tag === STATUS_FIELD.message) {
      const textEnd = reader.lengthEnd(end, "Status.message");
      span.statusMessage = decodeText(reader.bytes, reader.position, textEnd, READ_TEXT_BYTES_MAX);
      reader.position = textEnd;
    } else skipField(reader, tag, end, STATUS_WIRE_TYPES);
  }
}

function identityRejection({ traceId, spanId }: Span): RejectionReason | null {
  if (traceId === "") return "invalid_trace_id";
  return spanId === "" ? "invalid_span_id" : null;
}

function timeRejection({ limits }: RequestScan, { startMs, endMs }: Span): RejectionReason | null {
  if (startMs === 0) return "missing_start_time";
  if (startMs < limits.timeMsMin || startMs > limits.timeMsMax) return "absurd_time";
  return endMs - startMs > SPAN_DURATION_MS_MAX ? "absurd_time" : null;
}

/** A clock that was set back during the call, or an end that nobody set: no duration is known, and none is negative. */
function settled(span: Draft): Span {
  if (span.endMs < span.startMs) span.endMs = span.startMs;
  return span;
}
