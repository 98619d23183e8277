/** A field's text over this is not parsed: it is content, not a fact. */
const FIELD_CHARS_MAX = 1024 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Names of fields; a pair asks only for some fields inside an object, or inside the objects of a list. */
export type FieldNames = readonly (string | readonly [string, FieldNames])[];

/**
 * Fields by the length of their names: a name is compared where it stands, and nothing is cut out of the text for it. `name` is the
 * table's own copy: a key that V8 has seen before is stored faster than one cut from a text.
 */
export interface WantedFields {
  readonly count: number;
  readonly byLength: readonly (readonly WantedField[] | undefined)[];
}

interface WantedField {
  readonly name: string;
  /** undefined for the whole value. */
  readonly inside: WantedFields | undefined;
}

/** The later entry of a name wins. */
export function wantedFields(names: FieldNames): WantedFields {
  const byName = new Map<string, WantedField>();
  for (const entry of names) {
    const [name, inside] = typeof entry === "string" ? [entry] : entry;
    byName.set(name, { name, inside: inside === undefined ? undefined : wantedFields(inside) });
  }
  const byLength: WantedField[][] = [];
  for (const field of byName.values()) (byLength[field.name.length] ??= []).push(field);
  return { count: byName.size, byLength };
}

type Fields = Record<string, unknown>;

/**
 * Parses only the wanted fields of a JSON object and steps over the rest, so that a prompt of 200 kB or a page of embeddings
 * costs a few string searches. Text that ends early or breaks the grammar gives the fields that stood before it; never throws.
 */
export function readJsonFields(json: string, wanted: WantedFields, fieldCharsMax = FIELD_CHARS_MAX): Fields {
  const fields: Fields = {};
  const at = json.indexOf("{");
  if (at >= 0) readObject({ json, at, fieldCharsMax, depth: 0 }, wanted, fields);
  return fields;
}

interface Cursor {
  readonly json: string;
  readonly fieldCharsMax: number;
  at: number;
  depth: number;
}

/** Reads the object at the cursor and goes behind it; false where it breaks off, or where the outermost has all that is wanted. */
function readObject(cursor: Cursor, wanted: WantedFields, into: Fields): boolean {
  const { json } = cursor;
  let missing = cursor.depth === 0 ? wanted.count : Infinity;
  if (isEmpty(cursor, CLOSE_BRACE)) return true;
  do {
    const start = cursor.at;
    if (json.charCodeAt(start) !== QUOTE) return false;
    const keyEnd = stringEnd(json, start);
    const colon = skipBlank(json, keyEnd);
    if (keyEnd === 0 || json.charCodeAt(colon) !== COLON) return false;
    cursor.at = skipBlank(json, colon + 1);
    const field = fieldNamed(json, start + 1, keyEnd - 1, wanted);
    if (!(field === undefined ? skipValue(cursor) : readField(cursor, field, into))) return false;
    if (field !== undefined && --missing === 0) return false;
  } while (isComma(cursor));
  return isClosed(cursor, CLOSE_BRACE);
}

// oxlint-disable-next-line max-params -- a name as it stands in a text
function fieldNamed(json: string, start: number, end: number, { byLength }: WantedFields): WantedField | undefined {
  const candidates = byLength[end - start];
  if (candidates === undefined) return undefined;
  for (const field of candidates) if (json.startsWith(field.name, start)) return field;
  return undefined;
}

function readField(cursor: Cursor, { name, inside }: WantedField, into: Fields): boolean {
  const { json, at: start } = cursor;
  const first = json.charCodeAt(start);
  if (inside !== undefined && (first === OPEN_BRACE || first === OPEN_BRACKET)) {
    const found: Fields | Fields[] = first === OPEN_BRACE ? {} : [];
    cursor.depth++;
    const whole = Array.isArray(found) ? readObjects(cursor, inside, found) : readObject(cursor, inside, found);
    cursor.depth--;
    if (whole) into[name] = found;
    return whole;
  }
  if (!skipValue(cursor)) return false;
  if (cursor.at - start <= cursor.fieldCharsMax) parseInto(into, name, json.slice(start, cursor.at));
  return true;
}

/** The objects of the list at the cursor; what else is in it is stepped over. */
function readObjects(cursor: Cursor, wanted: WantedFields, into: Fields[]): boolean {
  if (isEmpty(cursor, CLOSE_BRACKET)) return true;
  do {
    const fields: Fields = {};
    const isObject = cursor.json.charCodeAt(cursor.at) === OPEN_BRACE;
    if (!(isObject ? readObject(cursor, wanted, fields) : skipValue(cursor))) return false;
    if (isObject) into.push(fields);
  } while (isComma(cursor));
  return isClosed(cursor, CLOSE_BRACKET);
}

/** Steps into an object or a list, and over it when there is nothing in it. */
function isEmpty(cursor: Cursor, close: number): boolean {
  cursor.at = skipBlank(cursor.json, cursor.at + 1);
  return isClosed(cursor, close);
}

function isClosed(cursor: Cursor, close: number): boolean {
  if (cursor.json.charCodeAt(cursor.at) !== close) return false;
  cursor.at++;
  return true;
}

/** Whether another value follows; the cursor then stands at its beginning. */
function isComma(cursor: Cursor): boolean {
  cursor.at = skipBlank(cursor.json, cursor.at);
  if (cursor.json.charCodeAt(cursor.at) !== COMMA) return false;
  cursor.at = skipBlank(cursor.json, cursor.at + 1);
  return true;
}

function skipValue(cursor: Cursor): boolean {
  const end = valueEnd(cursor.json, cursor.at);
  if (end <= cursor.at) return false;
  cursor.at = end;
  return true;
}

/** V8 copies a slice up to this length; a longer one would keep the whole body alive for as long as its span or a memory holds it. */
const COPIED_CHARS_MAX = 12;

/** Short texts without escapes are cut out and words known, which is most of what is read; JSON's own parser does the rest. */
function parseInto(fields: Fields, name: string, text: string): void {
  const isText = text.charCodeAt(0) === QUOTE;
  if (isText && text.length - 2 <= COPIED_CHARS_MAX && !text.includes("\\")) fields[name] = text.slice(1, -1);
  else if (isText) parseValueInto(fields, name, text);
  else if (text === "true" || text === "false") fields[name] = text === "true";
  else if (text === "null") fields[name] = null;
  else parseValueInto(fields, name, text);
}

function parseValueInto(fields: Fields, name: string, text: string): void {
  try {
    fields[name] = JSON.parse(text);
  } catch {
    // What cannot be parsed is not known.
  }
}

function skipBlank(json: string, from: number): number {
  let at = from;
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}

/** Index after the value that starts at `start`; `start` itself when there is none or it does not end. */
function valueEnd(json: string, start: number): number {
  const first = json.charCodeAt(start);
  if (first === QUOTE) return stringEnd(json, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return containerEnd(json, start);
  let at = start;
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET) break;
  }
  return at;
}

function containerEnd(json: string, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(json, at) - 1;
      if (at < start) return start;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  return start;
}

/** Index after the closing quote; 0 when the string does not end. A quote after an odd number of backslashes is inside. */
function stringEnd(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote > 0; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return 0;
}
