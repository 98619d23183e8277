/** Prose is read at both ends: the complaint stands first, and the innermost of a long wrapper stands last. */
const TEXT_HEAD_CHARS = 2048;
const TEXT_TAIL_CHARS = 1024;
/** Codes taken from one text. */
const TEXT_CODES_MAX = 64;

/** What one text says: prose to match against rules, codes that stand in it, and the HTTP status that it names. */
export interface ErrorText {
  /** Lower case, without links, quotes of JSON unescaped, white space single. */
  readonly prose: string;
  readonly codes: readonly string[];
  readonly status: number | null;
}

/** Reads prose that may hold JSON, a Python repr, or a class name before a colon; no parser, so any wrapper's mixture will do. */
export function readErrorText(text: string): ErrorText {
  const plain = withoutEscapes(withoutLinks(boundedText(text)));
  const prose = proseOf(plain);
  return { prose, codes: codesIn(plain), status: statusIn(prose) };
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
  // Proxies answer with pages; Python's <class 'x.Error'> is kept.
  if (prose.includes("<")) prose = prose.replace(/<(?!class)[^<>]{1,200}>/g, " ");
  if (/[’‘`´]/.test(prose)) prose = prose.replace(/[’‘`´]/g, "'");
  if (/\s\s|[\n\r\t]/.test(prose)) prose = prose.replace(/\s+/g, " ");
  return prose.trim().toLowerCase();
}

// What is quoted after these words is the caller's own: a prompt that speaks of rate limits, a parameter named timeout.
const QUOTED_WORDS =
  /\b((?:about|asked|says?|said|contains?|containing|named?|called|field|parameter|param|argument|property|header|tool|function|file|prompt|query|phrase|word|string|value|key)s?):? ["'“‘`][^"'”’`\n]{0,200}["'”’`]/gi;

export function boundedText(text: string): string {
  if (text.length <= TEXT_HEAD_CHARS + TEXT_TAIL_CHARS) return text;
  return `${text.slice(0, TEXT_HEAD_CHARS)}\n${text.slice(-TEXT_TAIL_CHARS)}`;
}

// A code beside its key, in JSON, a Python repr, a Swift or gRPC dump: "code": "x", 'type': 'x', grpc_status:7.
const KEYED_CODE =
  /\b(?:code|type|status|reason|error_code|errorcode|err_code|error_type|errortype|__type|grpc_status|error|name)["']?\s{0,4}[:=]\s{0,4}["']?([a-z][\w.:-]{2,80})/gi;
// A class name that introduces or wraps its message: "openai.RateLimitError: ...", "ThrottlingException(properties ...".
const CLASS_NAME = /(?<![\w'"`/])[A-Za-z][\w.$]{0,100}(?:Error|Exception|Timeout|Canceled|Cancelled|Failure|Fault|Exceeded)\b/g;
// Names that are only ever codes: RESOURCE_EXHAUSTED, ECONNRESET, UND_ERR_SOCKET.
const SHOUTED_CODE = /(?<![\w$%{])(?:[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,6}|E[A-Z]{4,20})(?![\w(=}])/g;
// snake_case in prose only with an ending that names a complaint: a parameter (`request_timeout`) has none of these.
const SPOKEN_CODE =
  /(?<![\w'"`.[])[a-z]{2,30}(?:_[a-z]{2,30}){0,6}_(?:error|exceeded|exhausted|reached|quota|denied|violation|failed|expired|unavailable|intervened|overloaded|limited|unsupported|disabled)(?![\w'"`])/g;

// A code that introduces its message: "invalid_grant: Bad Request".
const LEADING_CODE = /^(?:error: )?([a-z][a-z0-9]{0,30}(?:[_.-][a-z0-9]{1,30}){1,6}): /i;
// gRPC's and Google's heads: "12 UNIMPLEMENTED: ...", "503 UNAVAILABLE. {...}".
const NUMBERED_CODE = /(?:^|[^\w.])\d{1,3} ([A-Z][A-Z_]{3,30})[.:]/;
/** A text that is one word is a code: "RateLimitError", "no_kv_space". */
const ONE_WORD = /^[\w.:$-]{3,80}$/;

function codesIn(text: string): string[] {
  if (ONE_WORD.test(text)) return [text];
  const leading = (LEADING_CODE.exec(text) ?? NUMBERED_CODE.exec(text))?.[1];
  const codes = [CLASS_NAME, SHOUTED_CODE, SPOKEN_CODE].flatMap((pattern) => text.match(pattern) ?? []);
  if (/[:=]/.test(text)) for (const [, code] of text.matchAll(KEYED_CODE)) codes.push(code ?? "");
  if (leading !== undefined) codes.push(leading);
  return codes.length > TEXT_CODES_MAX ? codes.slice(0, TEXT_CODES_MAX) : codes;
}

const STATUS_PATTERNS = [
  // "Error code: 529 - ", "status_code: 429", "HTTP 402:", "status code 504", "got status: 429", "API Error 429"
  /\b(?:error code|status[ _]?code|statuscode|http status|http(?:\/\d(?:\.\d)?)?|status|api error|error|code|returned|got|received|failed with|responded with)["']?\s{0,3}(?:is\s|of\s|was\s)?[:=]?\s{0,3}["'([]?([1-5]\d\d)\b(?![.,]\d|\s?(?:tokens|ms|seconds|s\b))/,
  // "429 Too many requests", "RateLimitError: 429 {...}", "[429] ..."
  /^(?:[\w.]{1,80}: ){0,2}[[(]?([45]\d\d)\b(?!\.\d|,\d|\s?(?:tokens|ms|seconds))/,
  /\b([45]\d\d) (?:client error|server error|status code|bad request|unauthorized|payment required|forbidden|not found|method not allowed|request timeout|conflict|too many requests|internal server error|not implemented|bad gateway|service unavailable|service temporarily unavailable|gateway time-?out)/,
];

// The reason phrases of RFC 9110 as whole complaints; those that rules know by themselves are left out.
const REASON_PHRASES: readonly (readonly [RegExp, number])[] = [
  [/^(?:error: |httperror: )?bad request\.?$/, 400],
  [/^(?:error: |httperror: )?not found\.?$|404 page not found/, 404],
  [/^(?:error: |httperror: )?method not allowed\.?$/, 405],
  [/^(?:error: |httperror: )?conflict\.?$/, 409],
  [/(?:request entity|payload|content|request) too large/, 413],
  [/unprocessable (?:entity|content)/, 422],
  [/^(?:error: |httperror: )?forbidden\.?$/, 403],
  [/\bbad gateway\b/, 502],
  [/\bservice (?:temporarily )?unavailable\b/, 503],
];

function statusIn(prose: string): number | null {
  for (const pattern of STATUS_PATTERNS) {
    const status = Number(pattern.exec(prose)?.[1] ?? 0);
    if (status >= 400) return status;
  }
  return REASON_PHRASES.find(([phrase]) => phrase.test(prose))?.[1] ?? null;
}
