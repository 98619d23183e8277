import { messageCount } from "./columns.ts";
import { planEmission, waitingSpan, writeOn } from "./emission.ts";
import { CUTS, EDITS, GROWTH, OUT, TEMPLATES, VALUES } from "./emission-layout.ts";
import { addKey as addKeyAt } from "./keys.ts";
import {
  BODY,
  BODY_BYTES_MAX,
  EDGES,
  IDS,
  MARKS,
  MARKS_MAX,
  MEMORY_END,
  MESSAGES,
  MESSAGES_MAX,
  NUMBERS,
  NUMBERS_MAX,
  RESOURCES,
  RESOURCES_MAX,
  SPANS,
  SPANS_MAX,
  TRACES,
} from "./layout.ts";
import { resourceCount, teachSpan, walkRequest } from "./request-walk.ts";
import { limitTimes } from "./span-walk.ts";
import { forgetTraces, traceCount } from "./trace-table.ts";
import { emptyTrie, full } from "./trie.ts";

/* What processor/kernel/span-recogniser.ts uses. */

export {
  BODY,
  BODY_BYTES_MAX,
  EDGES,
  IDS,
  limitTimes,
  MARKS,
  MARKS_MAX,
  MEMORY_END,
  messageCount,
  MESSAGES,
  MESSAGES_MAX,
  NUMBERS,
  NUMBERS_MAX,
  resourceCount,
  RESOURCES,
  RESOURCES_MAX,
  SPANS,
  SPANS_MAX,
  traceCount,
  TRACES,
};

/* What processor/kernel/request-writer.ts uses. */

export { CUTS, EDITS, GROWTH, OUT, planEmission, TEMPLATES, VALUES, waitingSpan, writeOn };

/** Forgets all that was taught and all of the request before; keys stay. Has to be called before anything else. */
export function reset(): void {
  emptyTrie();
  forgetTraces();
}

/** Whether the trie had no room for something since it was emptied. */
export function isFull(): bool {
  return full;
}

/** Adds the key whose bytes are at the beginning of the body. */
export function addKey(length: usize, shaping: u8, writtenIndex: i8): bool {
  return addKeyAt(BODY, length, shaping, writtenIndex);
}

/** Walks the request in the first `length` bytes of the body; answers the number of its spans, -1 where it is declined. */
export function recognise(length: usize): i32 {
  return walkRequest(length);
}

export function teach(span: i32, shape: i32, numbers: i32): bool {
  return teachSpan(span, shape, numbers);
}
