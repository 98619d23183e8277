/** A few changed, removed, doubled or inserted bytes; the same for the same seed. */
export function mutate(body: Uint8Array, seed: number): Buffer {
  const next = generator(seed);
  let mutated = Buffer.from(body);
  for (let changes = 1 + next(4); changes > 0; changes -= 1) {
    const at = next(mutated.length);
    const count = 1 + next(8);
    const before = mutated.subarray(0, at);
    const parts = [
      () => [before, Buffer.from([next(256)]), mutated.subarray(at + 1)],
      () => [before, mutated.subarray(at + count)],
      () => [mutated.subarray(0, at + count), mutated.subarray(at)],
      () => [before, Buffer.from(Array.from({ length: count }, () => next(256))), mutated.subarray(at)],
      () => [before],
    ][next(40) === 0 ? 4 : next(4)];
    mutated = Buffer.concat(parts?.() ?? [mutated]);
  }
  return mutated;
}

/** Numerical Recipes' linear congruential generator: repeatable, which is all that is asked of it. */
function generator(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * Math.max(below, 1));
  };
}
