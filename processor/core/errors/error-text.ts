import { sequence, words } from "./prose-pattern.ts";
import { codesIn } from "./text-codes.ts";
import { SIGN, signsOf } from "./text-signs.ts";
import { isMarked } from "./pattern-index.ts";
import { Prose } from "./prose.ts";
import { PROSE_BIT, PROSE_INDEX } from "./prose-index.ts";
import { numberedStatusIn, reasonStatusIn } from "./text-status.ts";

/** Prose is read at both ends: the complaint stands first, and the innermost of a long wrapper stands last. */
const TEXT_HEAD_CHARS = 2048;
const TEXT_TAIL_CHARS = 1024;

/** What one text says: prose to match against rules, codes that stand in it, and the HTTP status that it names. */
export interface ErrorText {
  /** Lower case, without links, quotes of JSON unescaped, white space single. */
  readonly prose: Prose;
  readonly codes: readonly string[];
  readonly status: number | null;
}

/** Reads prose that may hold JSON, a Python repr, or a class name before a colon; no parser, so any wrapper's mixture will do. */
export function readErrorText(text: string): ErrorText {
  const plain = withoutEscapes(withoutLinks(withoutFrames(boundedText(text))));
  const signs = signsOf(plain);
  const lower = proseOf(plain, signs);
  const marks = PROSE_INDEX.marksOf(lower);
  const numbered = (signs & SIGN.number) === 0 ? null : numberedStatusIn(lower);
  const status = numbered ?? (isMarked(marks, PROSE_BIT.reason) ? reasonStatusIn(lower) : null);
  return { prose: new Prose(lower, marks), codes: codesIn(plain, signs), status };
}

// Where the code stood when it threw; its names (`onAborted`, `timeoutHandler`) are nobody's complaint. JavaScript and Java write alike.
const STACK_FRAME = /\n\s{1,16}at [^\n]{1,300}(?::\d{1,9}\)?|\(<anonymous>\)|\(native\)|\(Native Method\))(?=\n|$)/g;

/** OpenInference's LangChain puts the stack behind the message, under the message again. */
function withoutFrames(text: string): string {
  return text.includes("\n") ? text.replace(STACK_FRAME, "") : text;
}

function withoutLinks(text: string): string {
  return text.includes("://") ? text.replace(/https?:\/\/[^\s"'<>)\]}\\]+/gi, " ") : text;
}

/** JSON inside a string of JSON, any number of times. */
function withoutEscapes(text: string): string {
  return text.includes("\\") ? text.replace(/\\+(?:[nrt](?![a-z])|u003[ce])/g, " ").replace(/\\+(["'`/])/g, "$1") : text;
}

// httpx and requests below an SDK: nothing but the status, which is read by itself.
const STATUS_SENTENCE = /(?:client|server) error '?(\d{3}) [^'\n]{0,60}'? for url[^\n]{0,20}/gi;

/** Signs of what may have to be mended; where there are none of them a text is prose as it is. */
const MENDED = SIGN.beyondAscii | SIGN.quote | SIGN.angle | SIGN.wideSpace;

function proseOf(plain: string, signs: number): string {
  let prose = plain.includes("for url") ? plain.replace(STATUS_SENTENCE, "status code $1") : plain;
  if ((signs & MENDED) !== 0) prose = mended(prose);
  return prose.trim().toLowerCase();
}

function mended(plain: string): string {
  let prose = /["'“‘`]/.test(plain) ? plain.replace(QUOTED_WORDS, "$1 ") : plain;
  // Proxies answer with pages; Python's <class 'x.Error'> and grpcio's <AioRpcError of RPC ...> are kept.
  if (prose.includes("<")) prose = prose.replace(/<(?!class|_?[A-Za-z]{1,40}Error\b)[^<>]{1,200}>/g, " ");
  if (/[’‘`´]/.test(prose)) prose = prose.replace(/[’‘`´]/g, "'");
  return /\s\s|[\n\r\t]/.test(prose) ? prose.replace(/\s+/g, " ") : prose;
}

// What is quoted after these words is the caller's own: a prompt that speaks of rate limits, a parameter named timeout.
const QUOTED_WORDS = new RegExp(
  sequence(
    String.raw`\b(`,
    words("about", "asked", "says?", "said", "contains?", "containing", "named?", "called", "prompt", "query", "phrase", "word", "string"),
    "|",
    words("field", "parameter", "param", "argument", "property", "header", "tool", "function", "file", "value", "key"),
    `s?):? ["'“‘\`][^"'”’\`\n]{0,200}["'”’\`]`,
  ),
  "gi",
);

export function boundedText(text: string): string {
  if (text.length <= TEXT_HEAD_CHARS + TEXT_TAIL_CHARS) return text;
  return `${text.slice(0, TEXT_HEAD_CHARS)}\n${text.slice(-TEXT_TAIL_CHARS)}`;
}
