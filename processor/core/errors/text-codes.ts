import { sequence, words } from "./prose-pattern.ts";
import { SIGN } from "./text-signs.ts";

/** Codes taken from one text. */
const TEXT_CODES_MAX = 64;

/** A text that is one word is a code: "RateLimitError", "no_kv_space". */
const ONE_WORD = /^[\w.:$-]{3,80}$/;
// A code that introduces its message: "invalid_grant: Bad Request".
const LEADING_CODE = /^(?:error: )?([a-z][a-z0-9]{0,30}(?:[_.-][a-z0-9]{1,30}){1,6}): /i;
// gRPC's and Google's heads: "12 UNIMPLEMENTED: ...", "503 UNAVAILABLE. {...}".
const NUMBERED_CODE = /(?:^|[^\w.])\d{1,3} ([A-Z][A-Z_]{3,30})[.:]/;
// A class name that introduces or wraps its message: "openai.RateLimitError: ...", "ThrottlingException(properties ...", 'message': 'NoAuthError: ...'.
const CLASS_NAME =
  /(?<![\w`/]|(?<!: )['"])[A-Za-z][\w.$]{0,100}(?:Error|Exception|Timeout|Canceled|Cancelled|Failure|Fault|Exceeded|Denied|NotFound|Exhausted|Throttled)\b/g;
// Looked for first, because most texts have none and the name is dear.
const CLASS_ENDING = /(?:Error|Exception|Timeout|Canceled|Cancelled|Failure|Fault|Exceeded|Denied|NotFound|Exhausted|Throttled)\b/;
// Names that are only ever codes: RESOURCE_EXHAUSTED, ECONNRESET, UND_ERR_SOCKET.
const SHOUTED_CODE = /(?<![\w$%{])(?:[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,6}|E[A-Z0-9]{4,20})(?![\w(=}])/g;
// snake_case in prose only with an ending that names a complaint: a parameter (`request_timeout`) has none of these.
const SPOKEN_CODE = new RegExp(
  sequence(
    "(?<![\\w'\"`.[])[a-z]{2,30}(?:_[a-z]{2,30}){0,6}_",
    words(
      "error",
      "exceeded",
      "exhausted",
      "reached",
      "quota",
      "denied",
      "violation",
      "failed",
      "expired",
      "unavailable",
      "intervened",
      "overloaded",
      "limited",
      "unsupported",
      "disabled",
    ),
    "(?![\\w'\"`])",
  ),
  "g",
);
// A code beside its key, in JSON, a Python repr, a Swift or gRPC dump: "code": "x", 'type': 'x', grpc_status:7.
const KEYED_CODE = new RegExp(
  sequence(
    String.raw`\b`,
    words(
      "code",
      "type",
      "status",
      "reason",
      "error_code",
      "errorcode",
      "err_code",
      "error_type",
      "errortype",
      "__type",
      "grpc_status",
      "exception-type",
      "error",
      "name",
    ),
    String.raw`["']?\s{0,4}[:=]\s{0,4}[:"']?([a-z][\w.:-]{2,80})`,
  ),
  "gi",
);

/** Machine codes that stand in a text, in JSON or out of it, as they are spelled there. */
export function codesIn(text: string, signs: number): readonly string[] {
  if ((signs & (SIGN.space | SIGN.beyondAscii)) === 0 && ONE_WORD.test(text)) return [text];
  return (signs & CODE_SIGNS) === 0 ? NO_CODES : codesAmongWords(text, signs);
}

function codesAmongWords(text: string, signs: number): string[] {
  const codes: string[] = (signs & SIGN.classEnding) !== 0 && CLASS_ENDING.test(text) ? (text.match(CLASS_NAME) ?? []) : [];
  if ((signs & SIGN.shouted) !== 0) codes.push(...(text.match(SHOUTED_CODE) ?? []));
  if ((signs & SIGN.underscore) !== 0) codes.push(...(text.match(SPOKEN_CODE) ?? []));
  if ((signs & SIGN.colon) !== 0) for (const [, code] of text.matchAll(KEYED_CODE)) codes.push(code ?? "");
  const leading = leadingCode(text, signs);
  if (leading !== undefined) codes.push(leading);
  return codes.length > TEXT_CODES_MAX ? codes.slice(0, TEXT_CODES_MAX) : codes;
}

const NO_CODES: readonly string[] = [];
/** A text with none of these has no code in it. */
const CODE_SIGNS = SIGN.classEnding | SIGN.shouted | SIGN.underscore | SIGN.colon;

function leadingCode(text: string, signs: number): string | undefined {
  const leading = (signs & SIGN.colon) === 0 ? undefined : LEADING_CODE.exec(text)?.[1];
  return leading ?? ((signs & SIGN.shouted) === 0 ? undefined : NUMBERED_CODE.exec(text)?.[1]);
}
