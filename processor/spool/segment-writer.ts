import { open, type FileHandle } from "node:fs/promises";
import { encodeRecord } from "./record.ts";
import { segmentPath, syncDirectory } from "./segment-file.ts";

interface OpenSegment {
  readonly number: number;
  readonly file: FileHandle;
  /** Bytes that are on disk for certain. */
  durableBytes: number;
}

interface Waiting {
  readonly record: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Bytes that one fsync makes durable at most; bounds the copy that is made for the write. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;

export interface SegmentWriterOptions {
  readonly directory: string;
  readonly firstNumber: number;
  readonly segmentBytesMax: number;
  /** Hears of every new file. */
  readonly onOpen: (number: number) => void;
  /** Hears of every durable byte. */
  readonly onGrow: (bytes: number) => void;
}

/** Appends records to numbered files, many appends to one fsync. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  #nextNumber: number;
  #segment: OpenSegment | null = null;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.#nextNumber = options.firstNumber;
  }

  /** The segment being written and how far a reader may go in it; null before the first record. */
  get current(): { readonly number: number; readonly durableBytes: number } | null {
    return this.#segment;
  }

  /** Resolves once the payload is on disk. */
  append(payload: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record: encodeRecord(payload, Date.now()), resolve, reject });
      this.#running ??= this.#writeWaiting();
    });
  }

  /** Closes the current segment so that it can be removed; false when there is more in it than `drainedBytes`, or will be. */
  async retire(drainedBytes: number): Promise<boolean> {
    if (this.#running !== null || this.#segment?.durableBytes !== drainedBytes) return false;
    const { file } = this.#segment;
    this.#segment = null;
    await file.close();
    return true;
  }

  async close(): Promise<void> {
    await this.#running;
    await this.#segment?.file.close();
    this.#segment = null;
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#writeGroup(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#running = null;
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#waiting) {
      if (count > 0 && bytes + record.length > GROUP_BYTES_MAX) break;
      bytes += record.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(group.map(({ record }) => record));
    const target = await this.#segmentFor(bytes.length);
    try {
      await writeAll(target.file, bytes, target.durableBytes);
      await target.file.datasync();
    } catch (error) {
      await this.#abandonTail(target);
      throw error;
    }
    target.durableBytes += bytes.length;
    this.#options.onGrow(bytes.length);
  }

  async #segmentFor(bytes: number): Promise<OpenSegment> {
    const current = this.#segment;
    if (current !== null && (current.durableBytes === 0 || current.durableBytes + bytes <= this.#options.segmentBytesMax)) return current;
    await current?.file.close();
    this.#segment = null;
    const number = this.#nextNumber++;
    const file = await open(segmentPath(this.#options.directory, number), "wx");
    // Without this a power cut may leave the bytes and lose the name.
    await syncDirectory(this.#options.directory);
    this.#options.onOpen(number);
    this.#segment = { number, file, durableBytes: 0 };
    return this.#segment;
  }

  /** After a failed write (disk full) or fsync the tail is of no known state: cut it off, or leave this file behind. */
  async #abandonTail(target: OpenSegment): Promise<void> {
    try {
      await target.file.truncate(target.durableBytes);
    } catch {
      this.#segment = null;
      await target.file.close().catch(() => undefined);
    }
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
