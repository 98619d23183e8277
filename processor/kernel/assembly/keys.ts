import { KEY_BYTES, KEY_BYTES_MAX, KEY_SLOTS, KEY_SLOTS_COUNT, KEYS, KEYS_MAX } from "./layout.ts";
import { hashText, sameText } from "./text.ts";

/** What of an attribute makes the shape of a span, as processor/otlp/key-dictionary.ts says; OWN: whoever has it was enriched before. */
export const NONE: u8 = 0;
export const BY_VALUE: u8 = 1;
export const BY_CODE: u8 = 2;
export const BY_PRESENCE: u8 = 3;
export const OWN: u8 = 4;

/** A key's record: u16 length, u8 shaping, i8 index among the keys that enrichment writes, then its bytes. */
const TEXT: usize = 16;

let count: i32 = 0;

/** Adds a key whose bytes stand at `text`. false: there is no room for it. */
export function addKey(text: usize, length: usize, shaping: u8, writtenIndex: i8): bool {
  if (count == KEYS_MAX || length > KEY_BYTES_MAX) return false;
  const key = KEYS + <usize>count * KEY_BYTES;
  count += 1;
  store<u16>(key, <u16>length);
  store<u8>(key, shaping, 2);
  store<i8>(key, writtenIndex, 3);
  memory.copy(key + TEXT, text, length);
  let slot = hashText(text, length, 0) & (KEY_SLOTS_COUNT - 1);
  while (load<u32>(KEY_SLOTS + (slot << 2)) != 0) slot = (slot + 1) & (KEY_SLOTS_COUNT - 1);
  store<u32>(KEY_SLOTS + (slot << 2), <u32>key);
  return true;
}

/** 0 for a key that nobody asks for. A quarter of the slots at most is taken, by keys that no client chose. */
export function findKey(text: usize, length: usize): usize {
  let slot = hashText(text, length, 0) & (KEY_SLOTS_COUNT - 1);
  let key: usize = load<u32>(KEY_SLOTS + (slot << 2));
  while (key != 0 && (load<u16>(key) != length || !sameText(key + TEXT, text, length))) {
    slot = (slot + 1) & (KEY_SLOTS_COUNT - 1);
    key = load<u32>(KEY_SLOTS + (slot << 2));
  }
  return key;
}

export function shapingOf(key: usize): u8 {
  return key == 0 ? NONE : load<u8>(key, 2);
}

export function writtenIndexOf(key: usize): i8 {
  return key == 0 ? -1 : load<i8>(key, 3);
}
