/** From here on a call into the engine's own copying is the faster one. */
const SHORT_BYTES: usize = 512;

/** Copies by sixteen bytes: up to fifteen more are written than asked for, so write from the front to the back. */
export function copy(to: usize, from: usize, bytes: usize): void {
  if (bytes > SHORT_BYTES) memory.copy(to, from, bytes);
  else for (let at: usize = 0; at < bytes; at += 16) v128.store(to + at, v128.load(from + at));
}

/** Bytes of a varint. */
export function varintBytes(value: u64): i32 {
  return (<i32>(63 - clz(value | 1)) * 9 + 73) >> 6;
}

/** Writes a varint and answers where it ends. */
export function writeVarint(to: usize, value: u64): usize {
  let rest = value;
  let at = to;
  for (; rest >= 0x80; rest >>= 7) store<u8>(at++, <u8>rest | 0x80);
  store<u8>(at, <u8>rest);
  return at + 1;
}
