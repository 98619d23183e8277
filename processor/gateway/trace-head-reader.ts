import { parseTraceHead, type TraceHead } from "./trace-head.ts";

const LENGTH_LINE = /\r\ncontent-length:[ \t]*(?=\d)/i;
/** As long as `parseTraceHead` takes one to be a length. */
const DIGITS_MAX = 12;
const [ZERO, NINE] = [0x30, 0x39];

/** A head around the digits of its one Content-Length. */
interface Known {
  readonly before: string;
  readonly after: string;
  readonly head: TraceHead;
}

/**
 * Reads the heads of one connection. An exporter writes the same one every time, but for the length of the body: a head that
 * is as the one before around those digits is not parsed again.
 */
export class TraceHeadReader {
  #known: Known | null = null;

  /** What `parseTraceHead` answers. */
  read(text: string): TraceHead | null {
    const known = this.#known;
    if (known !== null && text.startsWith(known.before) && text.endsWith(known.after)) {
      const bodyBytes = lengthBetween(text, known.before.length, text.length - known.after.length);
      if (bodyBytes !== null) return withLength(known.head, bodyBytes);
    }
    const head = parseTraceHead(text);
    this.#known = head === null ? null : knownOf(text, head);
    return head;
  }
}

function withLength({ encoding, contentEncoding, authorization }: TraceHead, bodyBytes: number): TraceHead {
  return { bodyBytes, encoding, contentEncoding, authorization };
}

/** Null where there is anything but digits. */
function lengthBetween(text: string, start: number, end: number): number | null {
  if (end <= start || end - start > DIGITS_MAX) return null;
  let length = 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code < ZERO || code > NINE) return null;
    length = length * 10 + code - ZERO;
  }
  return length;
}

/** There is one such line, and its value is digits alone: the head was parsed. */
function knownOf(text: string, head: TraceHead): Known | null {
  const line = LENGTH_LINE.exec(text);
  if (line === null) return null;
  const start = line.index + line[0].length;
  let end = start;
  while (end < text.length && text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end++;
  return { before: text.slice(0, start), after: text.slice(end), head };
}
