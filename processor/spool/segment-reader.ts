import { open, type FileHandle } from "node:fs/promises";
import { readRecord } from "./record.ts";
import { segmentPath } from "./segment-file.ts";

export interface SegmentRead {
  readonly payloads: readonly Uint8Array[];
  /** When the first of them was appended; null when there is none. */
  readonly firstMs: number | null;
  /** Where the next read goes on. */
  readonly end: number;
  /** "cut": a crash ended the last record early. "damaged": bytes that were confirmed are not what they were. */
  readonly fault: "none" | "cut" | "damaged";
}

export interface SegmentReader {
  /** Records from `offset` up to `limit`, at least one if there is one, otherwise up to `bytesMax` bytes. */
  read(number: number, range: { readonly offset: number; readonly limit: number; readonly bytesMax: number }): Promise<SegmentRead>;
  close(): Promise<void>;
}

/** Reads segments in turn, keeping the current one open. */
export function createSegmentReader(directory: string): SegmentReader {
  let current: { readonly number: number; readonly file: FileHandle } | null = null;

  async function fileOf(number: number): Promise<FileHandle> {
    if (current?.number === number) return current.file;
    await current?.file.close();
    current = null;
    current = { number, file: await open(segmentPath(directory, number), "r") };
    return current.file;
  }

  return {
    async read(number, { offset, limit, bytesMax }) {
      const file = await fileOf(number);
      const left = limit - offset;
      let bytes = await readAt(file, offset, Math.min(left, bytesMax));
      // A record larger than the window shows its header first, then its length.
      for (let first = readRecord(bytes, 0); first.kind === "cut" && first.end <= left; first = readRecord(bytes, 0)) {
        bytes = await readAt(file, offset, first.end);
      }
      const { end, ...read } = splitRecords(bytes, left);
      return { ...read, end: offset + end };
    },
    async close() {
      await current?.file.close();
      current = null;
    },
  };
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}

/** `left` is how many bytes the segment holds from the start of `bytes`. */
function splitRecords(bytes: Buffer, left: number): SegmentRead {
  const payloads: Uint8Array[] = [];
  let firstMs: number | null = null;
  let fault: SegmentRead["fault"] = "none";
  let at = 0;
  while (at < left) {
    const record = readRecord(bytes, at);
    if (record.kind === "whole") {
      payloads.push(record.payload);
      firstMs ??= record.timeMs;
    } else if (record.kind === "damaged") {
      fault = "damaged";
    } else if (record.end <= left && bytes.length < left) {
      break;
    } else if (fault === "none") {
      fault = "cut";
    }
    at = record.kind === "cut" ? left : (record.end ?? left);
  }
  return { payloads, firstMs, end: at, fault };
}
