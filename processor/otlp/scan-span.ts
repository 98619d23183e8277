import { STATUS } from "../core/span.ts";
import { checkKeyValue } from "./any-value.ts";
import { isZero, sameTraceId, SPAN_ID_BYTES, TRACE_ID_BYTES } from "./ids.ts";
import { NAME_BYTES_MAX } from "./read-span-details.ts";
import type { RejectionReason, RequestScan, SpanOrigin } from "./request-scan.ts";
import { locateAttribute, scanAttribute, scanPlainAttributes } from "./scan-attribute.ts";
import type { ScannedSpan } from "./scanned-span.ts";
import { EVENT, EVENT_WIRE_TYPES, LINK, LINK_WIRE_TYPES, SPAN, SPAN_WIRE_TYPES, STATUS_FIELD, STATUS_WIRE_TYPES } from "./span-fields.ts";
import { decodeText, findText } from "./text-cache.ts";
import { skipField, WIRE_TYPE, type WireReader } from "./wire-reader.ts";

/** Conversations that are laid flat have thousands; beyond this it is no span. */
export const SPAN_ATTRIBUTES_MAX = 16_384;
/** No call takes longer, and one such duration spoils every average. */
export const SPAN_DURATION_MS_MAX = 366 * 24 * 3_600_000;

/** Reads the span whose first byte the reader stands on into `span`; answers why it is refused, null where nothing is wrong. */
export function scanSpan(scan: RequestScan, end: number, origin: SpanOrigin, span: ScannedSpan): RejectionReason | null {
  const { reader, draft } = scan;
  let rejection: RejectionReason | null = null;
  draft.begin();
  while (reader.position < end) {
    const tagStart = reader.position;
    reader.position = scanPlainAttributes(scan, tagStart, end);
    if (reader.position > tagStart) continue;
    const tag = reader.tag(end);
    if (tag === SPAN.attributes) scanAttribute(scan, tagStart, end);
    else if ((tag & 7) === WIRE_TYPE.length && tag <= SPAN.status) rejection ??= scanMessageField(scan, tag, end, span);
    else scanNumberField(reader, tag, end, span);
  }
  span.endMark = scan.marks.count;
  if (span.endMark - span.firstMark > SPAN_ATTRIBUTES_MAX) rejection ??= "too_many_attributes";
  rejection ??= identityRejection(span) ?? timeRejection(scan, span);
  // Events tell whether a span failed where its status does not.
  if (rejection === null && scan.shapes !== null && (!span.hasEvents || span.statusCode === STATUS.error)) {
    span.shape = scan.shapes.find(draft, span, origin.scope);
  }
  return rejection;
}

function scanNumberField(reader: WireReader, tag: number, end: number, span: ScannedSpan): void {
  if (tag === SPAN.start) span.startMs = reader.fixed64NanosAsMs(end, "Span.start_time_unix_nano");
  else if (tag === SPAN.end) span.endMs = reader.fixed64NanosAsMs(end, "Span.end_time_unix_nano");
  else if (tag === SPAN.kind) span.kind = reader.varintLow(end, "Span.kind") | 0;
  else skipField(reader, tag, end, SPAN_WIRE_TYPES);
}

/** Answers why the span has to be refused; null where nothing is wrong. */
function scanMessageField(scan: RequestScan, tag: number, end: number, span: ScannedSpan): RejectionReason | null {
  const { reader } = scan;
  const fieldEnd = reader.lengthEnd(end, "Span");
  const start = reader.position;
  let rejection: RejectionReason | null = null;
  switch (tag) {
    case SPAN.traceId:
      span.traceId = traceIdHex(scan, fieldEnd);
      break;
    case SPAN.spanId:
      span.spanIdAt = spanIdAt(reader, fieldEnd);
      break;
    case SPAN.parentSpanId:
      // All zeros is how some SDKs say "root"; any other length makes a Collector refuse the whole request.
      span.parentSpanIdAt = spanIdAt(reader, fieldEnd);
      if (fieldEnd - start !== SPAN_ID_BYTES && fieldEnd > start) rejection = "invalid_parent_span_id";
      break;
    case SPAN.name:
      scanName(scan, fieldEnd, span);
      break;
    case SPAN.events:
      checkEvent(scan, fieldEnd);
      span.hasEvents = true;
      break;
    case SPAN.links:
      if (!isLink(reader, fieldEnd)) rejection = "invalid_link";
      break;
    case SPAN.status:
      scanStatus(reader, fieldEnd, span);
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

/** -1 for an id that is none. */
function spanIdAt(reader: WireReader, end: number): number {
  const start = reader.position;
  return end - start !== SPAN_ID_BYTES || isZero(reader.view, start, SPAN_ID_BYTES) ? -1 : start;
}

/** The name makes part of the shape: some dialects have nothing else to tell an operation by. */
function scanName({ reader, draft }: RequestScan, end: number, span: ScannedSpan): void {
  const cached = findText(reader, reader.position, end);
  span.name = cached?.text ?? decodeText(reader, reader.position, end, NAME_BYTES_MAX);
  draft.name(cached);
}

function checkEvent(scan: RequestScan, end: number): void {
  const { reader } = scan;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === EVENT.name) reader.position = reader.lengthEnd(end, "Event.name");
    else if (tag === EVENT.attributes) {
      const attributeEnd = reader.lengthEnd(end, "Event.attributes");
      locateAttribute(reader, attributeEnd, scan.place);
      reader.position = attributeEnd;
    } else skipField(reader, tag, end, EVENT_WIRE_TYPES);
  }
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

function scanStatus(reader: WireReader, end: number, span: ScannedSpan): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === STATUS_FIELD.code) span.statusCode = reader.varintLow(end, "Status.code") | 0;
    else if (tag === STATUS_FIELD.message) {
      const textEnd = reader.lengthEnd(end, "Status.message");
      span.hasStatusMessage ||= textEnd > reader.position;
      reader.position = textEnd;
    } else skipField(reader, tag, end, STATUS_WIRE_TYPES);
  }
}

function identityRejection({ traceId, spanIdAt: at }: ScannedSpan): RejectionReason | null {
  if (traceId === "") return "invalid_trace_id";
  return at < 0 ? "invalid_span_id" : null;
}

/** A clock that was set back during the call, or an end that nobody set: no duration is known, and none is negative. */
function timeRejection({ limits }: RequestScan, span: ScannedSpan): RejectionReason | null {
  const { startMs, endMs } = span;
  if (startMs === 0) return "missing_start_time";
  if (startMs < limits.timeMsMin || startMs > limits.timeMsMax) return "absurd_time";
  if (endMs < startMs) span.endMs = startMs;
  return endMs - startMs > SPAN_DURATION_MS_MAX ? "absurd_time" : null;
}
