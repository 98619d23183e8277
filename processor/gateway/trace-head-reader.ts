import { HEAD_BYTES_MAX, parseTraceHead, type TraceHead } from "./trace-head.ts";

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH_LINE = /\r\ncontent-length:[ \t]*(?=\d)/i;
/** As long as `parseTraceHead` takes one to be a length. */
const DIGITS_MAX = 12;
const [ZERO, NINE] = [0x30, 0x39];

/** The bytes of a head, with the empty line at its end, around the digits of its one Content-Length. */
interface Known {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly head: TraceHead;
}

/**
 * Reads the heads of one connection. An exporter writes the same one every time, but for the length of the body: a head that
 * is as the one before around those digits is not made a text of and parsed again.
 */
export class TraceHeadReader {
  #known: Known | null = null;
  /** Where the body of the head that was read last begins. */
  bodyStart = 0;

  /** What `parseTraceHead` answers for the head that begins at `start`; null also where it does not end in `bytes`, or is too long. */
  read(bytes: Buffer, start: number): TraceHead | null {
    return this.#readKnown(bytes, start) ?? this.#readNew(bytes, start);
  }

  #readKnown(bytes: Buffer, start: number): TraceHead | null {
    const known = this.#known;
    if (known === null || !standsAt(bytes, start, known.before)) return null;
    const digits = start + known.before.length;
    let at = digits;
    let bodyBytes = 0;
    for (let byte = bytes[at] ?? 0; byte >= ZERO && byte <= NINE && at - digits < DIGITS_MAX; byte = bytes[++at] ?? 0) {
      bodyBytes = bodyBytes * 10 + byte - ZERO;
    }
    const end = at + known.after.length;
    if (at === digits || end - start > HEAD_BYTES_MAX || !standsAt(bytes, at, known.after)) return null;
    this.bodyStart = end;
    const { encoding, contentEncoding, authorization } = known.head;
    return { bodyBytes, encoding, contentEncoding, authorization };
  }

  #readNew(bytes: Buffer, start: number): TraceHead | null {
    const end = bytes.indexOf(HEAD_END, start);
    if (end < 0 || end - start > HEAD_BYTES_MAX) return null;
    this.bodyStart = end + HEAD_END.length;
    const text = bytes.toString("latin1", start, end);
    const head = parseTraceHead(text);
    this.#known = head === null ? null : knownOf(text, head);
    return head;
  }
}

function standsAt(bytes: Uint8Array, start: number, part: Uint8Array): boolean {
  for (let index = 0; index < part.length; index++) {
    if (bytes[start + index] !== part[index]) return false;
  }
  return true;
}

/** There is one such line, and its value is digits alone: the head was parsed. */
function knownOf(text: string, head: TraceHead): Known | null {
  const line = LENGTH_LINE.exec(text);
  if (line === null) return null;
  const start = line.index + line[0].length;
  let end = start;
  while (end < text.length && text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end++;
  const after = Buffer.concat([Buffer.from(text.slice(end), "latin1"), HEAD_END]);
  return { before: Buffer.from(text.slice(0, start), "latin1"), after, head };
}
