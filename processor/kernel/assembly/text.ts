/** Bytes that are compared at a time. Whoever keeps texts leaves room to read so many beyond their end. */
const STEP: usize = 16;
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

/** Whether two texts of one length are the same. Both may be read up to 16 bytes beyond. */
export function sameText(left: usize, right: usize, length: usize): bool {
  let rest = length;
  while (rest > STEP) {
    if (i8x16.bitmask(i8x16.eq(v128.load(left), v128.load(right))) != 0xffff) return false;
    left += STEP;
    right += STEP;
    rest -= STEP;
  }
  const differing = i8x16.bitmask(i8x16.ne(v128.load(left), v128.load(right)));
  return (differing & ((1 << (<i32>rest)) - 1)) == 0;
}

/** Of every byte. */
export function hashText(at: usize, length: usize, seed: u64): u32 {
  let hash = seed ^ (<u64>length * MULTIPLIER);
  let rest = length;
  while (rest >= 8) {
    hash = mix(hash ^ load<u64>(at));
    at += 8;
    rest -= 8;
  }
  if (rest > 0) hash = mix(hash ^ (load<u64>(at) & (((<u64>1) << ((<u64>rest) << 3)) - 1)));
  return <u32>(hash ^ (hash >> 32));
}

function mix(word: u64): u64 {
  const product = word * MULTIPLIER;
  return product ^ (product >> 29);
}
