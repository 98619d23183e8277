import { sequence, words } from "./prose-pattern.ts";
import { codesIn } from "./text-codes.ts";
import { statusIn } from "./text-status.ts";

/** Prose is read at both ends: the complaint stands first, and the innermost of a long wrapper stands last. */
const TEXT_HEAD_CHARS = 2048;
const TEXT_TAIL_CHARS = 1024;

/** What one text says: prose to match against rules, codes that stand in it, and the HTTP status that it names. */
export interface ErrorText {
  /** Lower case, without links, quotes of JSON unescaped, white space single. */
  readonly prose: string;
  readonly codes: readonly string[];
  readonly status: number | null;
}

/** Reads prose that may hold JSON, a Python repr, or a class name before a colon; no parser, so any wrapper's mixture will do. */
export function readErrorText(text: string): ErrorText {
  const plain = withoutEscapes(withoutLinks(withoutFrames(boundedText(text))));
  const prose = proseOf(plain);
  return { prose, codes: codesIn(plain), status: statusIn(prose) };
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

function proseOf(plain: string): string {
  let prose = plain.includes("for url") ? plain.replace(STATUS_SENTENCE, "status code $1") : plain;
  if (/["'“‘`]/.test(prose)) prose = prose.replace(QUOTED_WORDS, "$1 ");
  // Proxies answer with pages; Python's <class 'x.Error'> and grpcio's <AioRpcError of RPC ...> are kept.
  if (prose.includes("<")) prose = prose.replace(/<(?!class|_?[A-Za-z]{1,40}Error\b)[^<>]{1,200}>/g, " ");
  if (/[’‘`´]/.test(prose)) prose = prose.replace(/[’‘`´]/g, "'");
  if (/\s\s|[\n\r\t]/.test(prose)) prose = prose.replace(/\s+/g, " ");
  return prose.trim().toLowerCase();
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
