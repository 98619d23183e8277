import { needlesOf } from "./needles.ts";

/** Triples fall into so many bits; prose of a kilobyte fills a third of them. */
const BITS = 2_048;

/** Set for a text that has any character beyond ASCII: two of Chinese make a word. */
const NOT_ASCII_BIT = 0;

/** Which triples of neighbouring characters stand in a text, as a set of bits. */
export type LetterTriples = Int32Array;

/** For each piece of plain text, one of which must be there, the bits of its triples; null where the pattern has to be tried. */
export type TripleGate = readonly (readonly number[])[] | null;

export function triplesOf(text: string): LetterTriples {
  const triples = new Int32Array(BITS / 32);
  let first = text.charCodeAt(0);
  let second = text.charCodeAt(1);
  let beyond = first | second;
  for (let index = 2; index < text.length; index += 1) {
    const third = text.charCodeAt(index);
    beyond |= third;
    const bit = bitOf(first, second, third);
    triples[bit >> 5] = (triples[bit >> 5] ?? 0) | (1 << (bit & 31));
    first = second;
    second = third;
  }
  if (beyond > 0x7f) triples[0] = (triples[0] ?? 0) | (1 << NOT_ASCII_BIT);
  return triples;
}

/** Made once per pattern. */
export function gateOf(pattern: RegExp | undefined): TripleGate {
  const needles = pattern === undefined ? null : needlesOf(pattern);
  return needles === null ? null : needles.map(bitsOf);
}

/** false only where the pattern behind the gate cannot match the text behind the triples. */
export function mayMatch(gate: TripleGate, triples: LetterTriples | null): boolean {
  if (gate === null || triples === null) return true;
  for (const bits of gate) if (holdsAll(bits, triples)) return true;
  return false;
}

function holdsAll(bits: readonly number[], triples: LetterTriples): boolean {
  for (const bit of bits) if (((triples[bit >> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
  return true;
}

function bitsOf(needle: string): number[] {
  if (/[^\0-\x7f]/.test(needle)) return [NOT_ASCII_BIT];
  const bits: number[] = [];
  for (let index = 2; index < needle.length; index += 1) {
    bits.push(bitOf(needle.charCodeAt(index - 2), needle.charCodeAt(index - 1), needle.charCodeAt(index)));
  }
  return bits;
}

function bitOf(first: number, second: number, third: number): number {
  return (first * 961 + second * 31 + third) % BITS;
}
