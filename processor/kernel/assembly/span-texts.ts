import { STATUS_CODE_TAG, STATUS_ERROR, STATUS_MESSAGE_TAG } from "./span-fields.ts";
import { content, contentEnd, isWholeKeyValue, varintEnd } from "./wire.ts";

/*
 * What a span that failed says in its own words: events, and the message of its status. They are no part of its shape
 * (processor/otlp/scan-span.ts); whoever wants them reads them off the span.
 */

/** Fields of Span.Event (opentelemetry/proto/trace/v1/trace.proto). */
const EVENT_TIME_TAG: u8 = 0x09;
const EVENT_NAME_TAG: u8 = 0x12;
const EVENT_ATTRIBUTES_TAG: u8 = 0x1a;
const EVENT_DROPPED_TAG: u8 = 0x20;

/** Whether every field of an event stands as encoders write it. */
export function isWholeEvent(start: usize, end: usize): bool {
  for (let at = start; at < end;) {
    const tag = load<u8>(at);
    let last: usize = 0;
    if (tag == EVENT_TIME_TAG) last = at + 9 <= end ? at + 9 : 0;
    else if (tag == EVENT_DROPPED_TAG) last = varintEnd(at + 1, end);
    else if (tag == EVENT_NAME_TAG) last = contentEnd(at + 1, end);
    else if (tag == EVENT_ATTRIBUTES_TAG) {
      last = contentEnd(at + 1, end);
      if (last != 0 && !isWholeKeyValue(content, last, 0)) return false;
    }
    if (last == 0) return false;
    at = last;
  }
  return true;
}

/**
 * The field of a status that is an error and nothing else, as the machine reads its bytes, with room to be read beyond its end. The
 * path of a status with a message is the same.
 */
export const ERROR_STATUS: usize = memory.data<u64>([0x0218027a, 0, 0]);
export const ERROR_STATUS_BYTES: usize = 4;

/** Whether a status is an error, with one message or none. */
export function isErrorStatus(start: usize, end: usize): bool {
  let isError = false;
  let messages = 0;
  for (let at = start; at < end;) {
    if (load<u8>(at) == STATUS_MESSAGE_TAG) {
      messages += 1;
      at = contentEnd(at + 1, end);
      if (at == 0) return false;
    } else {
      if (load<u8>(at) != STATUS_CODE_TAG || at + 1 >= end) return false;
      isError = load<u8>(at, 1) == STATUS_ERROR;
      at += 2;
    }
  }
  return isError && messages < 2;
}
