/** What stands before a close code of RFC 6455 7.4.1: "websocket: close 1011 (...)", "closed with code 1011". */
export const WEBSOCKET_CLOSED = "\\bclos(?:e|ed|ing|ure)\\b[^.]{0,20}\\b";

/** Characters between a subject and its complaint; a sentence's end also ends the search. */
const GAP_CHARS_MAX = 40;

/** One regular expression out of alternatives, so that each can stand on its own line. */
export function anyOf(...alternatives: readonly string[]): RegExp {
  return new RegExp(alternatives.join("|"));
}

/** A list of words as one group. */
export function words(...alternatives: readonly string[]): string {
  return `(?:${alternatives.join("|")})`;
}

/** Parts that follow each other. */
export function sequence(...parts: readonly string[]): string {
  return parts.join("");
}

/**
 * Either word order of a complaint: "credits have been exhausted", "insufficient credits". `\b` at both ends and a bounded gap
 * keep it linear: no quantifier stands inside another.
 */
export function near(subjects: string, complaints: string): string {
  const subject = String.raw`\b(?:${subjects})\b`;
  const complaint = String.raw`\b(?:${complaints})\b`;
  const gap = `[^.;]{0,${GAP_CHARS_MAX}}?`;
  return `${subject}${gap}${complaint}|${complaint}${gap}${subject}`;
}
