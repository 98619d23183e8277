import { copy } from "./bytes.ts";
import { columnOf, continueAfter, factsBefore, lastFacts, mayRepeat, noteRepeated, rankOf, entryAfter, setEntryAfter } from "./row-keys.ts";
import { ENTRIES, ENTRIES_SLOTS, ENTRIES_TEXT, ENTRIES_TEXT_BYTES, ENTRY_RECORD_BYTES } from "./row-layout.ts";
import { hashText, sameText } from "./text.ts";

/*
 * Attributes that come again with the same value, which most do that services send: by their bytes, with the JSON that was made of
 * them. Nothing is remembered but what follows from these bytes, so it cannot become wrong.
 */

/** Places in a record; zeros where there is none. */
const TEXT: usize = 0;
const LENGTH: usize = 4;
const JSON: usize = 8;
const JSON_LENGTH: usize = 12;
/** The record of its key, as a guess: another may have taken its place. */
const FACTS: usize = 16;
const VALUE_OFFSET: usize = 20;
const COLUMN: usize = 24;
const RANK: usize = 26;
/** A guess: what came after this one last. */
const NEXT: usize = 28;

const PROBES: usize = 4;
const ALIGNMENT: usize = 16;
const TEXT_BYTES_MAX: usize = 129;
const JSON_BYTES_MAX: usize = 256;

let textEnd: usize = ENTRIES_TEXT;
/** Of the attribute before; 0 where it is not remembered. */
let last: usize = 0;
/** Spans begin with the attribute that the one before began with. */
let firstGuess: usize = 0;
let isFirst: bool = true;

export function beginEntries(): void {
  last = 0;
  isFirst = true;
}

/** The record of the attribute that begins at `at`, where it is the one that was to be expected; else 0. */
export function guessEntry(at: usize, end: usize): usize {
  const guess: usize = isFirst ? firstGuess : last != 0 ? <usize>load<u32>(last, NEXT) : entryAfter(lastFacts);
  if (guess == 0) return 0;
  const length: usize = load<u32>(guess, LENGTH);
  if (length == 0 || at + length > end || !sameText(load<u32>(guess, TEXT), at, length)) return 0;
  passEntry(guess);
  continueAfter(load<u32>(guess, FACTS));
  return guess;
}

/** The record of an attribute of so many bytes whose key was found just now; else 0. */
export function findEntry(at: usize, length: usize): usize {
  if (length > TEXT_BYTES_MAX || !mayRepeat(lastFacts)) return 0;
  let slot: usize = hashText(at, length, 0);
  for (let probe: usize = 0; probe < PROBES; probe++, slot++) {
    const entry = recordAt(slot);
    if (<usize>load<u32>(entry, LENGTH) != length || !sameText(load<u32>(entry, TEXT), at, length)) continue;
    noteRepeated(lastFacts, true);
    link(entry);
    return entry;
  }
  noteRepeated(lastFacts, false);
  return 0;
}

/** The next attribute follows this one; 0: one that is not remembered. */
export function passEntry(entry: usize): void {
  last = entry;
  isFirst = false;
}

/** To be guessed when what came before it comes again. */
function link(entry: usize): void {
  if (isFirst) firstGuess = entry;
  else if (last != 0) store<u32>(last, <u32>entry, NEXT);
  else setEntryAfter(factsBefore, entry);
  passEntry(entry);
}

/**
 * Remembers the attribute of so many bytes whose key was found last, and the JSON that was made of it and ends at `jsonEnd`; in a
 * free place, else in that of another.
 */
export function rememberEntry(at: usize, length: usize, valueOffset: usize, json: usize, jsonEnd: usize): void {
  const jsonLength = jsonEnd - json;
  if (length > TEXT_BYTES_MAX || jsonLength > JSON_BYTES_MAX || !mayRepeat(lastFacts)) {
    passEntry(0);
    return;
  }
  const jsonText = align(length);
  const bytes = jsonText + align(jsonLength);
  if (textEnd + bytes > ENTRIES_TEXT + ENTRIES_TEXT_BYTES) forgetEntries();
  const entry = freeRecord(hashText(at, length, 0));
  store<u32>(entry, <u32>textEnd, TEXT);
  store<u32>(entry, <u32>length, LENGTH);
  store<u32>(entry, <u32>(textEnd + jsonText), JSON);
  store<u32>(entry, <u32>jsonLength, JSON_LENGTH);
  store<u32>(entry, <u32>lastFacts, FACTS);
  store<u32>(entry, <u32>valueOffset, VALUE_OFFSET);
  store<u16>(entry, <u16>columnOf(lastFacts), COLUMN);
  store<u16>(entry, <u16>rankOf(lastFacts), RANK);
  store<u32>(entry, 0, NEXT);
  memory.copy(textEnd, at, length);
  memory.copy(textEnd + jsonText, json, jsonLength);
  textEnd += bytes;
  link(entry);
}

function freeRecord(hash: usize): usize {
  for (let probe: usize = 0; probe < PROBES; probe++) {
    const entry = recordAt(hash + probe);
    if (load<u32>(entry, LENGTH) == 0) return entry;
  }
  return recordAt(hash);
}

/** Guesses of them may stay: where they lead there is no record, or another, whose bytes are compared. */
function forgetEntries(): void {
  memory.fill(ENTRIES, 0, ENTRIES_SLOTS * ENTRY_RECORD_BYTES);
  textEnd = ENTRIES_TEXT;
  beginEntries();
}

function recordAt(slot: usize): usize {
  return ENTRIES + (slot & (ENTRIES_SLOTS - 1)) * ENTRY_RECORD_BYTES;
}

/** Texts are compared and copied 16 bytes at a time. */
function align(length: usize): usize {
  return (length + ALIGNMENT) & ~(ALIGNMENT - 1);
}

export function lengthOf(entry: usize): usize {
  return load<u32>(entry, LENGTH);
}

export function valueOffsetOf(entry: usize): usize {
  return load<u32>(entry, VALUE_OFFSET);
}

/** As of a key: from 1 on; 0: of no column. */
export function columnOfEntry(entry: usize): u32 {
  return load<u16>(entry, COLUMN);
}

export function rankOfEntry(entry: usize): u32 {
  return load<u16>(entry, RANK);
}

/** Writes `,"key":value` and answers where it ends. */
export function writeEntryJson(entry: usize, out: usize): usize {
  const length: usize = load<u32>(entry, JSON_LENGTH);
  const json: usize = load<u32>(entry, JSON);
  copy(out, json, length);
  return out + length;
}
