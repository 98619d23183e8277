/** Random numbers that are the same for the same seed, on every machine: the demo's week can be checked by tests. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** Log-normal around a median: how durations and token counts are spread. */
  around(median: number, spread: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Lower-case hex of so many bytes, never all zero. */
  hex(bytes: number): string;
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for a week of made-up calls. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const hexDigit = (): string => Math.floor(next() * 16).toString(16);
  return {
    next,
    // Box-Muller; 1 - next() is never 0, whose logarithm is not finite.
    around: (median, spread) => median * Math.exp(spread * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    hex: (bytes) => `${Array.from({ length: bytes * 2 - 1 }, hexDigit).join("")}${(1 + Math.floor(next() * 15)).toString(16)}`,
  };
}
