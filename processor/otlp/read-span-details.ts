import type { Attributes, AttributeValue, SpanEvent } from "../core/span.ts";
import { READ_TEXT_BYTES_MAX } from "./any-value.ts";
import { REQUEST_EVENTS_READ_MAX, type RequestScan } from "./request-scan.ts";
import { locateAttribute, readPlace } from "./scan-attribute.ts";
import { EVENT, SPAN, STATUS_FIELD } from "./span-fields.ts";
import { decodeText } from "./text-cache.ts";

/** A name is for a list on a screen. */
export const NAME_BYTES_MAX = 1_024;
/** A stream may have an event per token; what matters is among the first, or an exception. */
const EVENTS_READ_MAX = 512;

const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null));

/*
 * What few spans have and fewer are asked for, read when it is: the scan has checked the bytes, so that nothing here can fail.
 */

export function readStatusMessage(scan: RequestScan, region: number): string {
  let message = "";
  eachField(scan, region, SPAN.status, (end) => {
    const { reader } = scan;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== STATUS_FIELD.message) {
        reader.skip(tag, end);
        continue;
      }
      const textEnd = reader.lengthEnd(end, "Status.message");
      message = decodeText(reader, reader.position, textEnd, READ_TEXT_BYTES_MAX);
      reader.position = textEnd;
    }
  });
  return message;
}

export function readEvents(scan: RequestScan, region: number): SpanEvent[] {
  const events: SpanEvent[] = [];
  eachField(scan, region, SPAN.events, (end) => {
    if (events.length >= EVENTS_READ_MAX || scan.eventsRead >= REQUEST_EVENTS_READ_MAX) return;
    const event = readEvent(scan, end);
    if (event.name === "") return;
    scan.eventsRead++;
    events.push(event);
  });
  return events;
}

/** Calls `found` on the first byte of every such field of a span. */
function eachField({ reader, regions }: RequestScan, region: number, wanted: number, found: (end: number) => void): void {
  const end = regions.end(region);
  reader.position = regions.start(region);
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== wanted) {
      reader.skip(tag, end);
      continue;
    }
    const fieldEnd = reader.lengthEnd(end, "Span");
    found(fieldEnd);
    reader.position = fieldEnd;
  }
}

function readEvent(scan: RequestScan, end: number): SpanEvent {
  const { reader } = scan;
  let name = "";
  let timeMs = 0;
  let attributes: Record<string, AttributeValue> | null = null;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === EVENT.time) timeMs = reader.fixed64NanosAsMs(end, "Event.time_unix_nano");
    else if (tag === EVENT.name) {
      const nameEnd = reader.lengthEnd(end, "Event.name");
      name = decodeText(reader, reader.position, nameEnd, NAME_BYTES_MAX);
      reader.position = nameEnd;
    } else if (tag === EVENT.attributes) attributes = readEventAttribute(scan, end, attributes);
    else reader.skip(tag, end);
  }
  return { name, timeMs, attributes: attributes ?? NO_ATTRIBUTES };
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
