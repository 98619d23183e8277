import { SinkAwayError } from "./sink-error.ts";

/** HTTP/1.0 has no informational answers. */
const STATUS_LINE = /^HTTP\/1\.(?=1|0 [2-5])([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** RFC 9112 section 5: a token, a colon, a value without controls. */
export const HEADER_LINE = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/;
const LENGTH = /^\d{1,15}$/;
const SWITCHING_PROTOCOLS = 101;
const BODILESS = new Set([204, 304]);

/** What the head of an answer says, as far as a sender of batches looks at it. */
export interface AnswerHead {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The connection goes on after it. */
  readonly isKept: boolean;
  /** Bytes, or in chunks, or whatever comes until the connection ends. */
  readonly body: number | "chunks" | "until the end";
}

/**
 * Reads the heads of one connection. A backend that is asked the same thing all day answers the same head for a whole second,
 * until its date changes: such a one is not parsed again.
 */
export class AnswerHeadReader {
  #text = "";
  #head: AnswerHead | null = null;

  /** What `parseAnswerHead` answers, or throws. */
  read(text: string): AnswerHead {
    if (this.#head !== null && text === this.#text) return this.#head;
    const head = parseAnswerHead(text);
    this.#text = text;
    this.#head = head;
    return head;
  }
}

/** `head` is Latin-1, without the empty line at its end. Throws SinkAwayError where it is none of HTTP/1, or leaves a doubt about its body. */
export function parseAnswerHead(head: string): AnswerHead {
  const [first = "", ...lines] = head.split("\r\n");
  const match = STATUS_LINE.exec(first);
  if (match === null) throw unreadable("it does not begin as one of HTTP/1.1");
  const status = Number(match[2]);
  if (status === SWITCHING_PROTOCOLS) throw unreadable("it speaks another protocol from here on");
  const headers = readHeaders(lines);
  const options = headers.get("connection")?.toLowerCase().split(",") ?? [];
  return {
    status,
    retryAfter: headers.get("retry-after"),
    isKept: match[1] === "1" && !options.some((option) => option.trim() === "close"),
    body: status < 200 ? 0 : framingOf(status, headers),
  };
}

/** RFC 9112 section 6.3, without what would leave a doubt. */
function framingOf(status: number, headers: ReadonlyMap<string, string>): AnswerHead["body"] {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined && (coding.toLowerCase() !== "chunked" || length !== undefined)) {
    throw unreadable("nobody can tell how long it is");
  }
  if (length !== undefined && !LENGTH.test(length)) throw unreadable("its Content-Length is no number");
  if (BODILESS.has(status)) return 0;
  if (coding !== undefined) return "chunks";
  return length === undefined ? "until the end" : Number(length);
}

/** By name in lower case; of one that stands several times, the values with commas between them (RFC 9110 section 5.2). */
function readHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const match = HEADER_LINE.exec(line);
    if (match === null) throw unreadable("one of its headers is none");
    const name = (match[1] ?? "").toLowerCase();
    const value = (match[2] ?? "").trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

export function unreadable(why: string): SinkAwayError {
  return new SinkAwayError(`the backend's answer cannot be read: ${why}`, 0);
}
