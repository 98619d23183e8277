import { copy } from "./bytes.ts";
import { FACTS, FACTS_BYTES, FACTS_SLOTS, FACTS_TEXT, FACTS_TEXT_BYTES, KEY_JSON } from "./row-layout.ts";
import { hashText, sameText } from "./text.ts";

/* What rows make of a key: its JSON, whether its text is what people said, and which column it is of. The edge knows; this remembers. */

/** Places in a record; zeros where there is none. */
const LENGTH: usize = 0;
const TEXT: usize = 4;
const JSON: usize = 8;
const JSON_LENGTH: usize = 12;
const FLAGS: usize = 16;
/** Guesses: the key that came after this one last, and the attribute that row-entries.ts remembers. */
const NEXT: usize = 20;
const NEXT_ENTRY: usize = 24;
/** How often it came with another value, less how often with one that was known. */
const MISSES: usize = 28;

/** Of the flags: its text is content; its column, from 1 on, and how many keys of that column go before it. */
const CONTENT: u32 = 1;
const COLUMN_SHIFT: u32 = 8;
const RANK_SHIFT: u32 = 16;

/** A key that has so many is of those that have a value of their own on every span. */
const MISSES_MAX: u32 = 32;
/** Of three values one has to be known. */
const MISSES_PER_HIT: u32 = 2;

const PROBES: usize = 4;
const ALIGNMENT: usize = 16;

let textEnd: usize = FACTS_TEXT;
/** The key that was found last, and the one before it; 0 where there is none. */
export let lastFacts: usize = 0;
export let factsBefore: usize = 0;

/** Spans begin with the key that the one before began with. */
let firstGuess: usize = 0;

export function beginKeys(): void {
  lastFacts = 0;
  factsBefore = 0;
}

/** The next key follows this one, which was not looked for: a guess. */
export function continueAfter(facts: usize): void {
  lastFacts = facts;
}

/** The record of a key; 0 for one that was not told. */
export function findFacts(text: usize, length: usize): usize {
  const guess: usize = lastFacts == 0 ? firstGuess : load<u32>(lastFacts, NEXT);
  const found = guess != 0 && isKey(guess, text, length) ? guess : search(text, length);
  if (found == 0) return 0;
  if (found != guess) {
    if (lastFacts == 0) firstGuess = found;
    else store<u32>(lastFacts, <u32>found, NEXT);
  }
  factsBefore = lastFacts;
  lastFacts = found;
  return found;
}

function search(text: usize, length: usize): usize {
  let slot: usize = hashText(text, length, 0);
  for (let probe: usize = 0; probe < PROBES; probe++, slot++) {
    const facts = factsAt(slot);
    if (isKey(facts, text, length)) return facts;
  }
  return 0;
}

function isKey(facts: usize, text: usize, length: usize): bool {
  const known: usize = load<u32>(facts, LENGTH);
  return known == length && sameText(load<u32>(facts, TEXT), text, length);
}

function factsAt(slot: usize): usize {
  return FACTS + (slot & (FACTS_SLOTS - 1)) * FACTS_BYTES;
}

/** Remembers a key whose JSON stands at KEY_JSON, in a free place, else in that of another. An empty key is none. */
export function rememberKey(text: usize, length: usize, jsonLength: usize, flags: u32): void {
  const bytes = align(length) + align(jsonLength);
  if (textEnd + bytes > FACTS_TEXT + FACTS_TEXT_BYTES) forgetKeys();
  const hash: usize = hashText(text, length, 0);
  let facts = factsAt(hash);
  for (let probe: usize = 0; probe < PROBES; probe++) {
    if (load<u32>(factsAt(hash + probe), LENGTH) != 0) continue;
    facts = factsAt(hash + probe);
    break;
  }
  store<u32>(facts, <u32>length, LENGTH);
  store<u32>(facts, <u32>textEnd, TEXT);
  store<u32>(facts, <u32>(textEnd + align(length)), JSON);
  store<u32>(facts, <u32>jsonLength, JSON_LENGTH);
  store<u32>(facts, flags, FLAGS);
  store<u32>(facts, 0, NEXT);
  store<u32>(facts, 0, NEXT_ENTRY);
  store<u32>(facts, 0, MISSES);
  memory.copy(textEnd, text, length);
  memory.copy(textEnd + align(length), KEY_JSON, jsonLength);
  textEnd += bytes;
}

function forgetKeys(): void {
  memory.fill(FACTS, 0, FACTS_SLOTS * FACTS_BYTES);
  textEnd = FACTS_TEXT;
  beginKeys();
  firstGuess = 0;
}

/** Texts are compared and copied 16 bytes at a time. */
function align(length: usize): usize {
  return (length + ALIGNMENT) & ~(ALIGNMENT - 1);
}

/** Writes `,"key":` and answers where it ends. */
export function writeKey(facts: usize, out: usize): usize {
  const length: usize = load<u32>(facts, JSON_LENGTH);
  const json: usize = load<u32>(facts, JSON);
  copy(out, json, length);
  return out + length;
}

export function isContent(facts: usize): bool {
  return (load<u32>(facts, FLAGS) & CONTENT) != 0;
}

/** From 1 on; 0 for a key of no column. */
export function columnOf(facts: usize): u32 {
  return (load<u32>(facts, FLAGS) >> COLUMN_SHIFT) & 0xff;
}

export function rankOf(facts: usize): u32 {
  return load<u32>(facts, FLAGS) >> RANK_SHIFT;
}

/** What row-entries.ts keeps with a key. */
export function entryAfter(facts: usize): usize {
  return facts == 0 ? 0 : load<u32>(facts, NEXT_ENTRY);
}

export function setEntryAfter(facts: usize, entry: usize): void {
  if (facts != 0) store<u32>(facts, <u32>entry, NEXT_ENTRY);
}

/** Whether its values come again. */
export function mayRepeat(facts: usize): bool {
  return load<u32>(facts, MISSES) < MISSES_MAX;
}

export function noteRepeated(facts: usize, repeated: bool): void {
  const misses = load<u32>(facts, MISSES);
  if (!repeated) store<u32>(facts, misses + 1, MISSES);
  else store<u32>(facts, misses > MISSES_PER_HIT ? misses - MISSES_PER_HIT : 0, MISSES);
}
