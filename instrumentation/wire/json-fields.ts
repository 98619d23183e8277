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

/**
 * Parses only the wanted top-level fields of a JSON object and steps over the rest, so that a prompt of 200 kB or a page of
 * embeddings costs a few string searches. Text that ends early or breaks the grammar gives the fields that stood before it;
 * never throws. The object has a null prototype.
 */
export function readJsonFields(json: string, wanted: ReadonlySet<string>, fieldCharsMax = FIELD_CHARS_MAX): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let missing = wanted.size;
  let at = json.indexOf("{") + 1;
  while (at > 0 && missing > 0) {
    at = skipBlank(json, at);
    if (json.charCodeAt(at) !== QUOTE) break;
    const keyEnd = stringEnd(json, at);
    const colon = skipBlank(json, keyEnd);
    if (json.charCodeAt(colon) !== COLON) break;
    const start = skipBlank(json, colon + 1);
    const end = valueEnd(json, start);
    if (end <= start) break;
    const key = json.slice(at + 1, keyEnd - 1);
    if (wanted.has(key)) {
      missing--;
      if (end - start <= fieldCharsMax) parseInto(fields, key, json.slice(start, end));
    }
    at = skipBlank(json, end);
    if (json.charCodeAt(at) !== COMMA) break;
    at++;
  }
  return fields;
}

function parseInto(fields: Record<string, unknown>, key: string, text: string): void {
  try {
    fields[key] = JSON.parse(text);
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
