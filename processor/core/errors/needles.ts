/** A shorter piece stands in nearly every text and tells nothing, unless it is of another script. */
const NEEDLE_CHARS_MIN = 3;
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * Pieces of plain text of which at least one stands in whatever the pattern matches; null where that cannot be told. Looking for
 * pieces is much cheaper than trying a pattern of thirty alternatives at every character (see pattern-index.ts). Reads the
 * syntax that rules use: alternatives, groups, classes, lookarounds, quantifiers, no flags.
 */
export function needlesOf(pattern: RegExp): readonly string[] | null {
  const reader = { source: pattern.source, at: 0 };
  return pattern.flags === "" ? readAlternatives(reader) : null;
}

interface Reader {
  readonly source: string;
  at: number;
}

function readAlternatives(reader: Reader): readonly string[] | null {
  const all: string[] = [];
  let known = true;
  do {
    const needles = readSequence(reader);
    if (needles === null) known = false;
    else all.push(...needles);
  } while (take(reader, "|"));
  return known ? all : null;
}

/** Words that errors of all kinds have: what needs one of them and something else is told by that. */
const COMMON =
  /^\W*(?:errors?|limits?|requests?|tokens?|models?|exceed(?:ed)?|reached|invalid|api|rate|quota|please|this|not|your|per|key)\W*$/;
const COMMON_WEIGHT = 1;

/** Of the parts that must be there, the one whose shortest piece is longest. */
function readSequence(reader: Reader): readonly string[] | null {
  let best: readonly string[] | null = null;
  let run = "";
  const propose = (needles: readonly string[] | null): void => {
    if (needles !== null && needles.length > 0 && weight(needles) > weight(best)) best = needles;
  };
  while (reader.at < reader.source.length && !"|)".includes(reader.source.charAt(reader.at))) {
    const part = readPart(reader);
    const times = readQuantifier(reader);
    if (typeof part === "string" && times === "once") {
      run += part;
      continue;
    }
    if (typeof part === "string" && times === "more") run += part;
    if (part !== ZERO_WIDTH) {
      propose(needleOf(run));
      run = "";
    }
    if (typeof part !== "string" && times !== "perhaps") propose(part);
  }
  propose(needleOf(run));
  return best;
}

function needleOf(run: string): readonly string[] | null {
  return run.length >= NEEDLE_CHARS_MIN || NOT_ASCII.test(run) ? [run] : null;
}

function weight(needles: readonly string[] | null): number {
  return needles === null ? 0 : Math.min(...needles.map((needle) => (COMMON.test(needle) ? COMMON_WEIGHT : needle.length)));
}

const ZERO_WIDTH: readonly string[] = [];

/** A character that stands for itself, the needles of a group, ZERO_WIDTH, or null for any other single character. */
function readPart(reader: Reader): string | readonly string[] | null {
  const char = reader.source.charAt(reader.at);
  reader.at += 1;
  if (char === "(") return readGroup(reader);
  if (char === "[") return readClass(reader);
  if (char === "\\") return readEscape(reader);
  if (char === "^" || char === "$") return ZERO_WIDTH;
  return char === "." ? null : char;
}

function readGroup(reader: Reader): readonly string[] | null {
  const lookaround = /^\?<?[=!]/.exec(reader.source.slice(reader.at, reader.at + 3));
  if (lookaround !== null) reader.at += lookaround[0].length;
  else if (take(reader, "?")) take(reader, ":");
  const needles = readAlternatives(reader);
  take(reader, ")");
  return lookaround === null ? needles : ZERO_WIDTH;
}

function readClass(reader: Reader): null {
  while (reader.at < reader.source.length && reader.source.charAt(reader.at) !== "]") {
    reader.at += reader.source.charAt(reader.at) === "\\" ? 2 : 1;
  }
  reader.at += 1;
  return null;
}

function readEscape(reader: Reader): string | readonly string[] | null {
  const char = reader.source.charAt(reader.at);
  reader.at += 1;
  if (char === "b" || char === "B") return ZERO_WIDTH;
  return /[a-zA-Z0-9]/.test(char) ? null : char;
}

function readQuantifier(reader: Reader): "once" | "more" | "perhaps" {
  const quantifier = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(reader.source.slice(reader.at, reader.at + 12));
  if (quantifier === null) return "once";
  reader.at += quantifier[0].length;
  return quantifier[0].startsWith("+") || Number(quantifier[1] ?? 0) > 0 ? "more" : "perhaps";
}

function take(reader: Reader, char: string): boolean {
  if (reader.source.charAt(reader.at) !== char) return false;
  reader.at += 1;
  return true;
}
