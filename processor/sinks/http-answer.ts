import { SinkAwayError } from "./sink-error.ts";

/** An HTTP answer, as far as a sender of batches looks at it. */
export interface HttpAnswer {
  readonly status: number;
  /** RFC 9110 section 10.2.3: seconds or a date. */
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** A head is a few hundred bytes. What is longer is no answer that anybody needs. */
const HEAD_BYTES_MAX = 16 * 1024;
/** An ExportTraceServiceResponse is a few bytes; what comes after this many is left away. */
export const ANSWER_BYTES_MAX = 64 * 1024;
/** Lines between the pieces of a chunked body: a size and extensions, or a trailer. */
const LINE_BYTES_MAX = 4096;

const HEAD_END = "\r\n\r\n";
const LF = 0x0a;
/** HTTP/1.0 has no informational answers. */
const STATUS_LINE = /^HTTP\/1\.(?=1|0 [2-5])([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** RFC 9112 section 5: a token, a colon, a value without controls. */
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/;
/** RFC 9110 section 6.5.1: what says how a message is framed is no trailer. */
const FRAMING_LINE = /^(?:content-length|transfer-encoding):/i;
const LENGTH = /^\d{1,15}$/;
/** RFC 9112 section 7.1: hexadecimal, and extensions that nobody has to understand. */
const CHUNK_LINE = /^([\da-fA-F]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const SWITCHING_PROTOCOLS = 101;
const BODILESS = new Set([204, 304]);

/** What comes next: so many bytes of the body, or of them all until the connection ends, or a line between chunks. */
type Next = { readonly bytes: number } | Line | "head" | "until the end" | "nothing";
type Line = "chunk line" | "end of chunk" | "trailer";

/**
 * Reads one answer from bytes as they come (RFC 9112): informational answers before it are skipped, its body has a length, is
 * in chunks, or lasts as long as the connection. One that is framed otherwise, or twice, cannot be trusted.
 */
export class HttpAnswerReader {
  hasBegun = false;
  #head = "";
  #status = 0;
  #headers: ReadonlyMap<string, string> = new Map();
  #isKept = false;
  #isChunked = false;
  #next: Next = "head";
  #line = "";
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  #isCut = false;

  /** Answers whether the answer is whole. The bytes may be used otherwise after the call. Throws SinkAwayError. */
  take(bytes: Buffer): boolean {
    this.hasBegun = true;
    let at = 0;
    while (at < bytes.length && this.#next !== "nothing") at = this.#takeNext(bytes, at, this.#next);
    // What goes on after its end is no answer to anything that was sent.
    if (at < bytes.length) this.#isKept = false;
    return this.#next === "nothing" || this.#isCut;
  }

  /** The connection has ended: answers whether that is the end of the answer. */
  end(): boolean {
    return this.#next === "until the end";
  }

  answer(): HttpAnswer {
    return { status: this.#status, retryAfter: this.#headers.get("retry-after"), body: Buffer.concat(this.#body) };
  }

  /** Whether another exchange may follow on the connection. */
  get isKept(): boolean {
    return this.#isKept && this.#next === "nothing";
  }

  /** Answers where the next thing begins. */
  #takeNext(bytes: Buffer, at: number, next: Exclude<Next, "nothing">): number {
    if (next === "head") return this.#takeHead(bytes, at);
    if (next === "until the end") return this.#keep(bytes, at, bytes.length);
    if (typeof next === "string") return this.#takeLine(bytes, at, next);
    const end = this.#keep(bytes, at, Math.min(bytes.length, at + next.bytes));
    this.#next = counted(next.bytes - (end - at), this.#isChunked ? "end of chunk" : "nothing");
    return end;
  }

  #takeHead(bytes: Buffer, at: number): number {
    const before = this.#head.length;
    this.#head += bytes.toString("latin1", at, Math.min(bytes.length, at + HEAD_BYTES_MAX));
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#head.length >= HEAD_BYTES_MAX) throw unreadable(`its head is longer than ${HEAD_BYTES_MAX} bytes`);
      return bytes.length;
    }
    this.#readHead(this.#head.slice(0, end));
    this.#head = "";
    return at + end + HEAD_END.length - before;
  }

  #readHead(head: string): void {
    const [first = "", ...lines] = head.split("\r\n");
    const match = STATUS_LINE.exec(first);
    if (match === null) throw unreadable("it does not begin as one of HTTP/1.1");
    this.#status = Number(match[2]);
    if (this.#status === SWITCHING_PROTOCOLS) throw unreadable("it speaks another protocol from here on");
    this.#headers = readHeaders(lines);
    const connection = this.#headers.get("connection")?.toLowerCase() ?? "";
    this.#isKept = match[1] === "1" && !connection.split(",").some((option) => option.trim() === "close");
    this.#next = this.#status < 200 ? "head" : this.#framing();
  }

  /** RFC 9112 section 6.3, without what would leave a doubt. */
  #framing(): Next {
    const coding = this.#headers.get("transfer-encoding");
    const length = this.#headers.get("content-length");
    if (coding !== undefined) {
      if (coding.toLowerCase() !== "chunked" || length !== undefined) throw unreadable("nobody can tell how long it is");
      this.#isChunked = true;
    } else if (length !== undefined && !LENGTH.test(length)) throw unreadable("its Content-Length is no number");
    if (BODILESS.has(this.#status) || length === "0") return "nothing";
    if (this.#isChunked) return "chunk line";
    return length === undefined ? "until the end" : counted(Number(length), "nothing");
  }

  /** Answers `end`. */
  #keep(bytes: Buffer, start: number, end: number): number {
    const keptEnd = Math.min(end, start + ANSWER_BYTES_MAX - this.#bodyBytes);
    this.#bodyBytes += keptEnd - start;
    this.#isCut ||= keptEnd < end;
    this.#body.push(Buffer.from(bytes.subarray(start, keptEnd)));
    return end;
  }

  #takeLine(bytes: Buffer, at: number, kind: Line): number {
    const end = bytes.indexOf(LF, at);
    this.#line += bytes.toString("latin1", at, end < 0 ? bytes.length : end + 1);
    if (this.#line.length > LINE_BYTES_MAX) throw unreadable("it has a line without end");
    if (end < 0) return bytes.length;
    if (!this.#line.endsWith("\r\n")) throw unreadable("a line of it ends without CR");
    this.#readLine(this.#line.slice(0, -2), kind);
    this.#line = "";
    return end + 1;
  }

  #readLine(line: string, kind: Line): void {
    if (kind === "trailer") {
      if (line === "") this.#next = "nothing";
      else if (!HEADER_LINE.test(line) || FRAMING_LINE.test(line)) throw unreadable("one of its trailers is none");
      return;
    }
    if (kind === "end of chunk") {
      if (line !== "") throw unreadable("a chunk of it is longer than it says");
      this.#next = "chunk line";
      return;
    }
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) throw unreadable("a chunk of it has no size");
    this.#next = counted(Number.parseInt(size, 16), "trailer");
  }
}

function counted(bytes: number, otherwise: Next): Next {
  return bytes > 0 ? { bytes } : otherwise;
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

function unreadable(why: string): SinkAwayError {
  return new SinkAwayError(`the backend's answer cannot be read: ${why}`, 0);
}
