import { crc32 } from "node:zlib";

/**
 * A record of a segment file, little-endian:
 *
 *     0  u32  length of the payload
 *     4  u32  CRC-32 of the payload
 *     8  f64  when it was appended, ms since the epoch
 *    16  u32  CRC-32 of the 16 bytes before
 *    20       payload
 *
 * The header has a checksum of its own, so that a record that a crash cut off (whole header, too few bytes) is told from
 * damage to its length.
 */
export const RECORD_HEADER_BYTES = 20;

export function encodeRecord(payload: Uint8Array, timeMs: number): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER_BYTES + payload.length);
  record.writeUInt32LE(payload.length, 0);
  record.writeUInt32LE(crc32(payload), 4);
  record.writeDoubleLE(timeMs, 8);
  record.writeUInt32LE(crc32(record.subarray(0, 16)), 16);
  record.set(payload, RECORD_HEADER_BYTES);
  return record;
}

export type RecordRead =
  | { readonly kind: "whole"; readonly payload: Uint8Array; readonly timeMs: number; readonly end: number }
  /** More bytes are needed: `end` is where the record ends, or its header where that is not whole either. */
  | { readonly kind: "cut"; readonly end: number }
  /** `end` is null where not even the length can be believed. */
  | { readonly kind: "damaged"; readonly end: number | null };

/** Reads the record at `start`; offsets are relative to `bytes`. */
export function readRecord(bytes: Buffer, start: number): RecordRead {
  const headerEnd = start + RECORD_HEADER_BYTES;
  if (headerEnd > bytes.length) return { kind: "cut", end: headerEnd };
  if (crc32(bytes.subarray(start, start + 16)) !== bytes.readUInt32LE(start + 16)) return { kind: "damaged", end: null };
  const end = headerEnd + bytes.readUInt32LE(start);
  if (end > bytes.length) return { kind: "cut", end };
  const payload = bytes.subarray(headerEnd, end);
  if (crc32(payload) !== bytes.readUInt32LE(start + 4)) return { kind: "damaged", end };
  return { kind: "whole", payload, timeMs: bytes.readDoubleLE(start + 8), end };
}
