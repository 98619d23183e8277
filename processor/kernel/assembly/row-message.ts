import { isAscii } from "./row-columns.ts";
import { content, fieldEnd } from "./wire.ts";

/* What a span that failed says of it: the message of its status (trace.proto, Status), which is the error_message of its row. */

const MESSAGE: u8 = 0x12;
/** processor/sinks/copy-row.ts. */
const MESSAGE_BYTES_MAX: usize = 4_000;

/** Of the status of the span whose head is written. */
let statusStart: usize = 0;
let statusEnd: usize = 0;
let isOdd: bool = false;

export let messageStart: usize = 0;
export let messageBytes: usize = 0;

export function beginMessage(): void {
  statusStart = 0;
  isOdd = false;
}

export function noteStatus(start: usize, end: usize): void {
  if (statusStart != 0) isOdd = true;
  statusStart = start;
  statusEnd = end;
}

/** false where there is none, or one that takes more than a look: it is for the edge. */
export function findMessage(): bool {
  if (statusStart == 0 || isOdd) return false;
  messageBytes = 0;
  for (let at = statusStart; at < statusEnd;) {
    const end = fieldEnd(at, statusEnd);
    if (end == 0) return false;
    if (load<u8>(at) == MESSAGE) {
      if (messageBytes != 0) return false;
      messageStart = content;
      messageBytes = end - content;
    }
    at = end;
  }
  return messageBytes != 0 && messageBytes <= MESSAGE_BYTES_MAX && isAscii(messageStart, messageStart + messageBytes);
}
