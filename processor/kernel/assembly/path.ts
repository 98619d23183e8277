import { addMark, addNumber } from "./columns.ts";
import { BY_CODE, BY_PRESENCE, findKey, NONE, OWN, shapingOf, writtenIndexOf } from "./keys.ts";
import { sameText } from "./text.ts";
import {
  addEdge,
  findEdge,
  kindOf,
  lengthOf,
  LITERAL,
  markEdge,
  NUMBER,
  PRESENCE,
  SKIP,
  targetOf,
  textOf,
  valueOf,
  writtenOf,
} from "./trie.ts";
import { content, contentEnd, DOUBLE, INT, isWholeValue, KEY, STRING, VALUE } from "./wire.ts";
import { ATTRIBUTES_TAG } from "./span-fields.ts";

/** Where the field leads that was looked up last. */
let state: usize = 0;
/** Whether edges that are missing are added. */
let teaching: bool = false;

export function beginPath(teach: bool): void {
  teaching = teach;
}

/** A field that says nothing to a shape leads nowhere. */
export function stay(at: usize): void {
  state = at;
}

/** The state behind the field that was looked up last. */
export function reached(): usize {
  return state;
}

/**
 * Looks up where the path from `from` leads by the name, kind or status from `at` to `last`, fields that are part of the shape
 * byte by byte. Answers `last`; 0 where no path leads on.
 */
export function lookUpField(from: usize, at: usize, last: usize): usize {
  state = from;
  return followEdge(LITERAL, at, last - at) == 0 ? 0 : last;
}

/** The same for the attribute at `at`; answers where it ends, 0 where no path leads on or it stands oddly. */
export function lookUpAttribute(from: usize, at: usize, end: usize): usize {
  state = from;
  const last = contentEnd(at + 1, end);
  const keyField = content;
  if (last == 0 || keyField == last || load<u8>(keyField) != KEY) return 0;
  const keyEnd = contentEnd(keyField + 1, last);
  if (keyEnd == 0 || keyEnd == last || load<u8>(keyEnd) != VALUE) return 0;
  const key = findKey(content, keyEnd - content);
  if (contentEnd(keyEnd + 1, last) != last) return 0;
  return followKey(key, at, keyField, keyEnd + 1 - keyField, content, last);
}

function followKey(key: usize, at: usize, keyField: usize, keyLength: usize, value: usize, last: usize): usize {
  const shaping = shapingOf(key);
  if (shaping == OWN || !isWholeValue(value, last, 0)) return 0;
  if (shaping == NONE) {
    followEdge(SKIP, keyField, keyLength);
    return last;
  }
  if (shaping == BY_PRESENCE) return isScalar(value, last) && followEdge(PRESENCE, keyField, keyLength) != 0 ? last : 0;
  if (value == last) return 0;
  const written = writtenIndexOf(key);
  const type = load<u8>(value);
  // A code is part of the shape, and none is a double.
  if (shaping == BY_CODE ? type == DOUBLE : type == DOUBLE || type == INT) {
    if (shaping == BY_CODE) return 0;
    return followNumber(written, at, keyField, keyLength, value, last);
  }
  const edge = followEdge(LITERAL, at, last - at);
  if (edge == 0) return 0;
  markEdge(edge, written, value - at);
  if (written >= 0) addMark(written, at, value, last, -1);
  return last;
}

function followNumber(written: i8, at: usize, keyField: usize, keyLength: usize, value: usize, last: usize): usize {
  const number = readNumber(value, last);
  if (number < 0) return 0;
  const edge = followEdge(NUMBER, keyField, keyLength);
  if (edge == 0) return 0;
  markEdge(edge, written, 0);
  if (written >= 0) addMark(written, at, value, last, number);
  return last;
}

/** Answers the edge, 0 where there is none. A side state that there is no room for is done without. */
function followEdge(kind: u8, text: usize, length: usize): usize {
  let edge = findEdge(state, kind, text, length);
  if (edge == 0 && (teaching || kind == SKIP)) edge = addEdge(state, kind, text, length);
  if (edge != 0) state = targetOf(edge);
  return edge;
}

/** Where the field at `at` ends, if it is the edge's; else 0. */
export function takeEdge(edge: usize, at: usize, end: usize): usize {
  const length = lengthOf(edge);
  if (kindOf(edge) != LITERAL) return takeAttribute(edge, length, at, end);
  // The literal has its own length in it: where its bytes are the same, its end is the field's.
  if (length > end - at || !sameText(at, textOf(edge), length)) return 0;
  const written = writtenOf(edge);
  if (written >= 0) addMark(written, at, at + valueOf(edge), at + length, -1);
  return at + length;
}

function takeAttribute(edge: usize, length: usize, at: usize, end: usize): usize {
  if (load<u8>(at) != ATTRIBUTES_TAG) return 0;
  let keyField = at + 2;
  let last = keyField + load<u8>(at, 1);
  if (load<u8>(at, 1) >= 0x80) {
    last = contentEnd(at + 1, end);
    keyField = content;
  }
  if (last == 0 || last > end || length > last - keyField || !sameText(keyField, textOf(edge), length)) return 0;
  let value = keyField + length;
  if (value >= last) return 0;
  if (load<u8>(value) < 0x80) {
    value += 1;
    if (value + load<u8>(value - 1) != last) return 0;
  } else {
    if (contentEnd(value, last) != last) return 0;
    value = content;
  }
  if (kindOf(edge) != NUMBER) {
    if (kindOf(edge) == PRESENCE && !isScalar(value, last)) return 0;
    return isShortText(value, last) || isWholeValue(value, last, 0) ? last : 0;
  }
  const number = readNumber(value, last);
  if (number < 0) return 0;
  const written = writtenOf(edge);
  if (written >= 0) addMark(written, at, value, last, number);
  return last;
}

/** What nobody can read (bytes, none at all) is as good as not there; the ordinary scan leaves lists out as well. */
function isScalar(value: usize, last: usize): bool {
  return value < last && load<u8>(value) <= DOUBLE;
}

/** Nearly every value that nobody reads is one. */
function isShortText(value: usize, last: usize): bool {
  return value + 2 <= last && load<u8>(value) == STRING && load<u8>(value, 1) < 0x80 && value + 2 + load<u8>(value, 1) == last;
}

/** A double, or an int of up to 28 bits. Answers its index among the numbers, -1 where it is no such value. */
function readNumber(value: usize, last: usize): i32 {
  const type = value < last ? load<u8>(value) : 0;
  if (type == DOUBLE) return value + 9 == last ? addNumber(load<f64>(value + 1)) : -1;
  const length = <u32>(last - value) - 1;
  if (type != INT || length - 1 > 3) return -1;
  const shift = (4 - length) << 3;
  // Its bytes in the upper end of a word: all but the last say that another follows.
  const word = load<u32>(value + 1) << shift;
  if ((word & 0x80808080) != (0x00808080 >>> shift) << shift) return -1;
  const bits = word >>> shift;
  return addNumber(<f64>((bits & 0x7f) | ((bits & 0x7f00) >>> 1) | ((bits & 0x7f0000) >>> 2) | ((bits & 0x7f000000) >>> 3)));
}
