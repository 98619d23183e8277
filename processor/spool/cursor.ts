import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";

/** The place up to which a spool was drained. */
export interface CursorPlace {
  readonly segment: number;
  readonly offset: number;
}

export interface Cursor {
  readonly place: CursorPlace;
  /** Durable when it resolves. */
  move(place: CursorPlace): Promise<void>;
  close(): Promise<void>;
}

/** Two slots, written in turn: a crash in the middle of one leaves the other. Slot: f64 turn, f64 segment, f64 offset, u32 CRC-32. */
const SLOT_BYTES = 32;
const CHECKED_BYTES = 24;
const START: CursorPlace = { segment: 0, offset: 0 };

export async function openCursor(path: string): Promise<Cursor> {
  const file = await open(path, "a+").then(async (created) => {
    await created.close();
    return open(path, "r+");
  });
  const found = await readNewestSlot(file);
  let { turn, place } = found;
  return {
    get place() {
      return place;
    },
    async move(next) {
      turn += 1;
      const slot = encodeSlot(turn, next);
      await file.write(slot, 0, slot.length, (turn % 2) * SLOT_BYTES);
      await file.datasync();
      place = next;
    },
    close: () => file.close(),
  };
}

async function readNewestSlot(file: FileHandle): Promise<{ turn: number; place: CursorPlace }> {
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  await file.read(bytes, 0, bytes.length, 0);
  const slots = [0, SLOT_BYTES].flatMap((at) => decodeSlot(bytes.subarray(at, at + SLOT_BYTES)));
  return slots.sort((a, b) => b.turn - a.turn)[0] ?? { turn: 0, place: START };
}

function encodeSlot(turn: number, { segment, offset }: CursorPlace): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES);
  slot.writeDoubleLE(turn, 0);
  slot.writeDoubleLE(segment, 8);
  slot.writeDoubleLE(offset, 16);
  slot.writeUInt32LE(crc32(slot.subarray(0, CHECKED_BYTES)), CHECKED_BYTES);
  return slot;
}

function decodeSlot(slot: Buffer): { turn: number; place: CursorPlace }[] {
  const turn = slot.readDoubleLE(0);
  if (turn === 0 || crc32(slot.subarray(0, CHECKED_BYTES)) !== slot.readUInt32LE(CHECKED_BYTES)) return [];
  return [{ turn, place: { segment: slot.readDoubleLE(8), offset: slot.readDoubleLE(16) } }];
}
