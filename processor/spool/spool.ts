import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { SinkAwayError } from "../sinks/sink-error.ts";
import { openCursor, type Cursor } from "./cursor.ts";
import { RECORD_HEADER_BYTES } from "./record.ts";
import { listSegments, segmentPath, setSegmentAside, type SegmentFile } from "./segment-file.ts";
import { createSegmentReader, type SegmentReader } from "./segment-reader.ts";
import { SegmentWriter } from "./segment-writer.ts";

/** What to tell a sender while the spool is full: long enough for a drain to make room, short enough for its own queue. */
const FULL_RETRY_AFTER_MS = 5000;
const SEGMENT_BYTES_MAX = 16 * 1024 * 1024;
const SEGMENT_BYTES_MIN = 64 * 1024;
/** A spool is this many segments at its bound, so that draining frees disk in steps. */
const SEGMENTS_AT_BOUND = 8;

/** The oldest records of a spool. */
export interface SpoolChunk {
  readonly payloads: readonly Uint8Array[];
  /** Forgets them, durably. */
  advance(): Promise<void>;
  /** Keeps a copy of the file that they are in, for records that nobody can read; answers its path. */
  readonly setAside: () => Promise<string>;
}

export interface Spool {
  /** Resolves once the payload is on disk. Rejects with SinkAwayError when the bound is reached or the disk is full. */
  append(payload: Uint8Array): Promise<void>;
  /** The oldest records, at least one and otherwise up to `bytesMax` bytes; null when there is none. One chunk at a time. */
  peek(bytesMax: number): Promise<SpoolChunk | null>;
  isEmpty(): boolean;
  /** Whether a payload of this size would be refused. */
  isFull(payloadBytes: number): boolean;
  /** Bytes on disk. */
  bytes(): number;
  /** When the oldest record was appended, ms since the epoch; null when there is none. */
  oldestMs(): number | null;
  close(): Promise<void>;
}

export interface SpoolOptions {
  readonly directory: string;
  readonly bytesMax: number;
  readonly log: Logger;
}

/**
 * A bounded queue on disk: numbered segment files of checksummed records, drained in order. What `append` confirmed
 * survives SIGKILL and a power cut; a record that a crash cut off is dropped, as nobody was told that it was safe; damage
 * inside a segment costs the damaged records only, and a copy of the file is set aside.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  await mkdir(options.directory, { recursive: true });
  const cursor = await openCursor(join(options.directory, "cursor"));
  const spool = new SegmentSpool(options, cursor, await dropDrained(options.directory, cursor.place.segment));
  // The age of what an earlier run left is known once its first record is read.
  await spool.peek(RECORD_HEADER_BYTES);
  return spool;
}

class SegmentSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #cursor: Cursor;
  readonly #reader: SegmentReader;
  readonly #writer: SegmentWriter;
  /** Segments that are not drained, oldest first; the last may be the one being written. */
  readonly #segments: number[];
  #diskBytes: number;
  #promisedBytes = 0;
  #oldestMs: number | null = null;

  constructor(options: SpoolOptions, cursor: Cursor, found: readonly SegmentFile[]) {
    this.#options = options;
    this.#cursor = cursor;
    this.#segments = found.map(({ number }) => number);
    this.#diskBytes = found.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#reader = createSegmentReader(options.directory);
    this.#writer = new SegmentWriter({
      directory: options.directory,
      firstNumber: Math.max(cursor.place.segment, ...this.#segments) + 1,
      segmentBytesMax: Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, Math.floor(options.bytesMax / SEGMENTS_AT_BOUND))),
      onOpen: (number) => this.#segments.push(number),
      onGrow: (bytes) => (this.#diskBytes += bytes),
    });
  }

  async append(payload: Uint8Array): Promise<void> {
    if (this.isFull(payload.length)) throw new SinkAwayError("the spool is full", FULL_RETRY_AFTER_MS);
    const promised = payload.length + RECORD_HEADER_BYTES;
    this.#promisedBytes += promised;
    try {
      await this.#writer.append(payload);
      this.#oldestMs ??= Date.now();
    } catch (error) {
      throw new SinkAwayError("the spool cannot be written", FULL_RETRY_AFTER_MS, { cause: error });
    } finally {
      this.#promisedBytes -= promised;
    }
  }

  async peek(bytesMax: number): Promise<SpoolChunk | null> {
    for (let [number] = this.#segments; number !== undefined; [number] = this.#segments) {
      const chunk = await this.#peekSegment(number, bytesMax);
      if (chunk !== "drained") return chunk;
    }
    return null;
  }

  async #peekSegment(number: number, bytesMax: number): Promise<SpoolChunk | null | "drained"> {
    const offset = this.#offsetIn(number);
    const limit = await this.#limitOf(number);
    if (offset >= limit) return (await this.#drop(number, limit)) ? "drained" : null;
    const read = await this.#reader.read(number, { offset, limit, bytesMax });
    if (read.fault !== "none") await this.#reportFault(number, read.fault);
    this.#oldestMs = read.firstMs ?? this.#oldestMs;
    const advance = (): Promise<void> => this.#advance(number, read.end);
    const setAside = (): Promise<string> => setSegmentAside(this.#options.directory, number);
    if (read.payloads.length > 0) return { payloads: read.payloads, advance, setAside };
    await advance();
    return "drained";
  }

  async #advance(number: number, offset: number): Promise<void> {
    await this.#cursor.move({ segment: number, offset });
    const limit = await this.#limitOf(number);
    if (offset >= limit) await this.#drop(number, limit);
    if (this.isEmpty()) this.#oldestMs = null;
  }

  /** False while the segment is being written: it is drained so far, not done. */
  async #drop(number: number, limit: number): Promise<boolean> {
    if (this.#isWritten(number) && !(await this.#writer.retire(limit))) return false;
    await this.#reader.close();
    await rm(segmentPath(this.#options.directory, number), { force: true });
    this.#segments.shift();
    this.#diskBytes -= limit;
    return true;
  }

  async #reportFault(number: number, fault: "cut" | "damaged"): Promise<void> {
    const { directory, log } = this.#options;
    const segment = segmentPath(directory, number);
    if (fault === "cut")
      log.info({ segment }, "the last record of a spool segment was cut off by a crash and is dropped; it was never confirmed");
    else
      log.error(
        { segment, aside: await setSegmentAside(directory, number) },
        "a spool segment is damaged: its readable records go on, a copy is set aside",
      );
  }

  async #limitOf(number: number): Promise<number> {
    const current = this.#writer.current;
    return current?.number === number ? current.durableBytes : await fileBytes(segmentPath(this.#options.directory, number));
  }

  #offsetIn(number: number): number {
    const { segment, offset } = this.#cursor.place;
    return number === segment ? offset : 0;
  }

  #isWritten(number: number): boolean {
    return this.#writer.current?.number === number;
  }

  isEmpty(): boolean {
    const [number] = this.#segments;
    const current = this.#writer.current;
    return number === undefined || (current?.number === number && this.#offsetIn(number) >= current.durableBytes);
  }

  isFull(payloadBytes: number): boolean {
    return this.#diskBytes + this.#promisedBytes + payloadBytes + RECORD_HEADER_BYTES > this.#options.bytesMax;
  }

  bytes(): number {
    return this.#diskBytes;
  }

  oldestMs(): number | null {
    return this.#oldestMs;
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#reader.close();
    await this.#cursor.close();
  }
}

/** 0 for a file that somebody removed: there is nothing left to drain in it. */
async function fileBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

/** Removes what was drained or never written before an earlier end; answers the rest. */
async function dropDrained(directory: string, firstNeeded: number): Promise<SegmentFile[]> {
  const files = await listSegments(directory);
  const needed = files.filter(({ number, bytes }) => number >= firstNeeded && bytes > 0);
  const rest = files.filter((file) => !needed.includes(file));
  await Promise.all(rest.map(({ number }) => rm(segmentPath(directory, number), { force: true })));
  return needed;
}
