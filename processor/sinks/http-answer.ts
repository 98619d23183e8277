import { type AnswerHead, AnswerHeadReader, HEADER_LINE, unreadable } from "./http-answer-head.ts";

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
/** RFC 9110 section 6.5.1: what says how a message is framed is no trailer. */
const FRAMING_LINE = /^(?:content-length|transfer-encoding):/i;
/** RFC 9112 section 7.1: hexadecimal, and extensions that nobody has to understand. */
const CHUNK_LINE = /^([\da-fA-F]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const NOTHING = Buffer.alloc(0);

/** What comes next: so many bytes of the body, or of them all until the connection ends, or a line between chunks. */
type Next = { readonly bytes: number } | Line | "head" | "until the end" | "nothing";
type Line = "chunk line" | "end of chunk" | "trailer";

/**
 * Reads one answer from bytes as they come (RFC 9112): informational answers before it are skipped, its body has a length, is
 * in chunks, or lasts as long as the connection. One that is framed otherwise, or twice, cannot be trusted.
 */
export class HttpAnswerReader {
  hasBegun = false;
  readonly #heads: AnswerHeadReader;
  /** As much of it as has come. */
  #headText = "";
  #head: AnswerHead | null = null;
  #goesOn = false;
  #next: Next = "head";
  #line = "";
  #body: Buffer[] | null = null;
  #bodyBytes = 0;
  #isCut = false;

  /** `heads`: those of its connection. */
  constructor(heads = new AnswerHeadReader()) {
    this.#heads = heads;
  }

  /** Answers whether the answer is whole. The bytes may be used otherwise after the call. Throws SinkAwayError. */
  take(bytes: Buffer): boolean {
    this.hasBegun = true;
    let at = 0;
    while (at < bytes.length && this.#next !== "nothing") at = this.#takeNext(bytes, at, this.#next);
    // What goes on after its end is no answer to anything that was sent.
    this.#goesOn ||= at < bytes.length;
    return this.#next === "nothing" || this.#isCut;
  }

  /** The connection has ended: answers whether that is the end of the answer. */
  end(): boolean {
    return this.#next === "until the end";
  }

  answer(): HttpAnswer {
    const body = this.#body === null ? NOTHING : Buffer.concat(this.#body);
    return { status: this.#head?.status ?? 0, retryAfter: this.#head?.retryAfter, body };
  }

  /** Whether another exchange may follow on the connection. */
  get isKept(): boolean {
    return this.#next === "nothing" && !this.#goesOn && this.#head?.isKept === true;
  }

  /** Answers where the next thing begins. */
  #takeNext(bytes: Buffer, at: number, next: Exclude<Next, "nothing">): number {
    if (next === "head") return this.#takeHead(bytes, at);
    if (next === "until the end") return this.#keep(bytes, at, bytes.length);
    if (typeof next === "string") return this.#takeLine(bytes, at, next);
    const end = this.#keep(bytes, at, Math.min(bytes.length, at + next.bytes));
    this.#next = counted(next.bytes - (end - at), this.#head?.body === "chunks" ? "end of chunk" : "nothing");
    return end;
  }

  #takeHead(bytes: Buffer, at: number): number {
    const before = this.#headText.length;
    this.#headText += bytes.toString("latin1", at, Math.min(bytes.length, at + HEAD_BYTES_MAX));
    const end = this.#headText.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#headText.length >= HEAD_BYTES_MAX) throw unreadable(`its head is longer than ${HEAD_BYTES_MAX} bytes`);
      return bytes.length;
    }
    this.#head = this.#heads.read(this.#headText.slice(0, end));
    this.#headText = "";
    this.#next = nextAfter(this.#head);
    return at + end + HEAD_END.length - before;
  }

  /** Answers `end`. */
  #keep(bytes: Buffer, start: number, end: number): number {
    const keptEnd = Math.min(end, start + ANSWER_BYTES_MAX - this.#bodyBytes);
    this.#bodyBytes += keptEnd - start;
    this.#isCut ||= keptEnd < end;
    (this.#body ??= []).push(Buffer.from(bytes.subarray(start, keptEnd)));
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

/** An informational answer is followed by another one. */
function nextAfter({ status, body }: AnswerHead): Next {
  if (status < 200) return "head";
  if (body === "chunks") return "chunk line";
  return body === "until the end" ? body : counted(body, "nothing");
}

function counted(bytes: number, otherwise: Next): Next {
  return bytes > 0 ? { bytes } : otherwise;
}
