import { int64AsNumber } from "./any-value.ts";
import { MalformedError, tagOf, WIRE_TYPE, WireReader } from "./wire-reader.ts";

/** google/rpc/status.proto, google/protobuf/any.proto, google/rpc/error_details.proto, google/protobuf/duration.proto */
export const RETRY_INFO_TYPE = "type.googleapis.com/google.rpc.RetryInfo";
export const STATUS_DETAILS = tagOf(3, WIRE_TYPE.length);
export const ANY = { typeUrl: tagOf(1, WIRE_TYPE.length), value: tagOf(2, WIRE_TYPE.length) } as const;
export const RETRY_DELAY = tagOf(1, WIRE_TYPE.length);
export const DURATION = { seconds: tagOf(1, WIRE_TYPE.varint), nanos: tagOf(2, WIRE_TYPE.varint) } as const;

/** How long a google.rpc.Status asks to wait, in ms; null where it does not say, or is none. */
export function retryInfoMs(status: Uint8Array): number | null {
  try {
    const reader = new WireReader(status);
    let waitMs: number | null = null;
    eachField(reader, status.length, (tag, end) => {
      if (tag === STATUS_DETAILS) waitMs = readDetail(reader, end) ?? waitMs;
    });
    return waitMs;
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

function readDetail(reader: WireReader, end: number): number | null {
  let type = "";
  let valueStart = -1;
  let valueEnd = -1;
  eachField(reader, end, (tag, fieldEnd) => {
    if (tag === ANY.typeUrl) type = reader.bytes.toString("utf8", reader.position, fieldEnd);
    if (tag !== ANY.value) return;
    valueStart = reader.position;
    valueEnd = fieldEnd;
  });
  // Any's URL may have another host before the last slash.
  if (valueStart < 0 || !type.endsWith("/google.rpc.RetryInfo")) return null;
  let waitMs: number | null = null;
  reader.position = valueStart;
  eachField(reader, valueEnd, (tag, fieldEnd) => {
    if (tag === RETRY_DELAY) waitMs = readDurationMs(reader, fieldEnd);
  });
  reader.position = end;
  return waitMs;
}

function readDurationMs(reader: WireReader, end: number): number {
  let ms = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === DURATION.seconds) ms += int64AsNumber(reader.varintLow(end, "Duration.seconds"), reader.high) * 1e3;
    else if (tag === DURATION.nanos) ms += int64AsNumber(reader.varintLow(end, "Duration.nanos"), reader.high) / 1e6;
    else reader.skip(tag, end);
  }
  return Math.max(ms, 0);
}

/** Length-delimited fields of a message, one after the other; the reader is left behind each. */
function eachField(reader: WireReader, end: number, found: (tag: number, fieldEnd: number) => void): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if ((tag & 7) !== WIRE_TYPE.length) {
      reader.skip(tag, end);
      continue;
    }
    const fieldEnd = reader.lengthEnd(end, `field ${tag >>> 3}`);
    found(tag, fieldEnd);
    reader.position = fieldEnd;
  }
}
