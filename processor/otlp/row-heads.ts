import type { RowKernel } from "../kernel/row-exports.ts";
import { valueJson } from "./attributes-json.ts";
import type { KeyDictionary, KeyFacts } from "./key-dictionary.ts";
import { findText } from "./text-cache.ts";
import type { WireReader } from "./wire-reader.ts";

/** Answers of the functions in processor/kernel/assembly/row-head.ts, words of its ANSWER, and flags of a key. */
export const HEAD_STATE = { done: 0, unknownKey: 1, oddValue: 2 } as const;
const WORD = { out: 0, start: 1, end: 2, isContent: 3, httpStatus: 4, userStart: 8, userLength: 9 } as const;
const ANSWER_WORDS = 32;
const CONTENT = 1;
const COLUMN_SHIFT = 8;
const RANK_SHIFT = 16;
/** Left free behind a value that is written here. */
const SLACK_BYTES = 64 * 1024;

/** A request whose spans become rows. */
export interface RowSource {
  readonly reader: WireReader;
  readonly keys: KeyDictionary;
  readonly captureContent: boolean;
}

/** Which bytes of the request are a span's. */
export interface SpanPlace {
  readonly start: number;
  readonly end: number;
}

/**
 * Writes what of a row is read off a span's own bytes, without an object or a text of JavaScript: see the module's source.
 * Rows are written into `bytes`, from `rowsStart` to before `rowsEnd`.
 */
export class RowHeads {
  readonly bytes: Buffer;
  readonly rowsStart: number;
  /** While rows end before it there is room for another. */
  readonly rowsFull: number;
  readonly kernel: RowKernel;
  /** What the module says beside its answers. */
  readonly answer: Int32Array;
  /** Of the head that was written last: where its trace id and span id stand. */
  idsStart = 0;
  private readonly rowsEnd: number;
  private readonly bodyStart: number;
  private source: RowSource | null = null;

  constructor(kernel: RowKernel) {
    const { memory, ANSWER, ROWS, ROWS_FULL, ROWS_BYTES } = kernel;
    this.kernel = kernel;
    this.bodyStart = kernel.BODY.value;
    this.bytes = Buffer.from(memory.buffer);
    this.answer = new Int32Array(memory.buffer, ANSWER.value, ANSWER_WORDS);
    this.rowsStart = ROWS.value;
    this.rowsFull = ROWS_FULL.value;
    this.rowsEnd = ROWS.value + ROWS_BYTES.value;
  }

  /**
   * Takes over a request's bytes; false where there are too many. `isThere`: the kernel recognised it last. Of another one's,
   * nothing may be taught from then on.
   */
  open(source: RowSource, isThere: boolean): boolean {
    const { bytes } = source.reader;
    this.source = bytes.length <= this.kernel.BODY_BYTES_MAX.value ? source : null;
    if (this.source === null) return false;
    if (!isThere) this.bytes.set(bytes, this.bodyStart);
    return true;
  }

  /** Writes the head of a row of so many fields at `at` and answers where it ends; 0 where it has to be made the ordinary way. */
  write({ start, end }: SpanPlace, fields: number, { at, isTrace }: { readonly at: number; readonly isTrace: boolean }): number {
    const { source, kernel, bodyStart } = this;
    if (source === null) return 0;
    let state = kernel.begin(bodyStart + start, bodyStart + end, at, fields, isTrace ? 1 : 0, source.captureContent ? 1 : 0);
    while (state !== HEAD_STATE.done) {
      const written = this.help(state);
      if (written === 0) return 0;
      state = kernel.resume(written);
    }
    this.idsStart = this.answer[WORD.start] ?? 0;
    return this.answer[WORD.out] ?? 0;
  }

  /** Does what the module stopped for and answers where it is to go on; 0 where the row has to be made the ordinary way. */
  help(state: number): number {
    const { source } = this;
    if (source === null) return 0;
    return state === HEAD_STATE.unknownKey ? this.tellKey(source) : state === HEAD_STATE.oddValue ? this.writeValue(source) : 0;
  }

  /** Of the head that was written last; null where there is none. */
  get httpStatus(): number | null {
    const status = this.answer[WORD.httpStatus] ?? -1;
    return status < 0 ? null : status;
  }

  get userId(): string | null {
    return this.label((this.answer[WORD.userStart] ?? 0) - this.bodyStart, this.answer[WORD.userLength] ?? 0);
  }

  get capturesContent(): boolean {
    return this.source?.captureContent ?? false;
  }

  /** ASCII of the request; null for none. */
  label(start: number, length: number): string | null {
    if (length === 0 || this.source === null) return null;
    const { reader } = this.source;
    return findText(reader, start, start + length)?.text ?? reader.bytes.toString("latin1", start, start + length);
  }

  private tellKey({ reader, keys }: RowSource): number {
    const { start, end } = this.stop();
    const facts = keys.find(reader, start, end);
    const json = Buffer.from(facts.json.words.buffer, facts.json.words.byteOffset, facts.json.length);
    const { KEY_JSON, KEY_JSON_BYTES_MAX } = this.kernel;
    if (json.length > KEY_JSON_BYTES_MAX.value) return 0;
    this.bytes.set(json, KEY_JSON.value);
    this.kernel.tellKey(json.length, flagsOf(facts));
    return this.answer[WORD.out] ?? 0;
  }

  private writeValue(source: RowSource): number {
    const json = valueJson(source, this.stop(), this.answer[WORD.isContent] === 1);
    const out = this.answer[WORD.out] ?? 0;
    if (out + json.length + SLACK_BYTES > this.rowsEnd) return 0;
    this.bytes.set(json, out);
    return out + json.length;
  }

  /** Positions in the request. */
  private stop(): { readonly start: number; readonly end: number } {
    return { start: (this.answer[WORD.start] ?? 0) - this.bodyStart, end: (this.answer[WORD.end] ?? 0) - this.bodyStart };
  }
}

function flagsOf({ content, column }: KeyFacts): number {
  const ofColumn = column === null ? 0 : ((column.column + 1) << COLUMN_SHIFT) | (column.rank << RANK_SHIFT);
  return (content ? CONTENT : 0) | ofColumn;
}
