import { anyOf, sequence, words } from "./prose-pattern.ts";

const NOT_A_COUNT = String.raw`(?![.,]\d|\s?(?:tokens|ms|seconds|s\b))`;

const STATUS_PATTERNS: readonly RegExp[] = [
  // "Error code: 529 - ", "status_code: 429", "HTTP 402:", "status code 504", "got status: 429", "API Error 429"
  anyOf(
    sequence(
      String.raw`\b`,
      words(
        "error code",
        "status[ _]?code",
        "http status",
        String.raw`http(?:\/\d(?:\.\d)?)?`,
        "status",
        "api error",
        "error",
        "code",
        "returned",
        "got",
        "received",
        "failed with",
        "failed:",
        "responded with",
        "response",
      ),
      String.raw`["']?\s{0,3}(?:is\s|of\s|was\s)?[:=]?\s{0,3}["'([]?([1-5]\d\d)\b`,
      NOT_A_COUNT,
    ),
  ),
  // "429 Too many requests", "RateLimitError: 429 {...}", "[429] ..."
  anyOf(sequence(String.raw`^(?:[\w.]{1,80}: ){0,2}[[(]?([45]\d\d)\b`, NOT_A_COUNT)),
  // "got a 402 from the API", "received a 503 response"
  anyOf(String.raw`\ban? ([45]\d\d) (?:from|response|error|status|answer|reply|code)\b`),
  // "webhook 503: unavailable", "upstream (502)"
  anyOf(
    String.raw`(?<!\b(?:line|row|column|col|port|position|item|page|offset|index|room|issue) )(?<=\s[[(]?)(4(?:0[0-9]|1[0-8]|2[2-9]|99)|5(?:0[0-9]|2[0-9]|30))(?=\]?\)?: )`,
  ),
  // urllib3 after its retries: "too many 500 error responses"
  anyOf(String.raw`too many ([45]\d\d) error`),
  // A status before its reason phrase, anywhere.
  anyOf(
    sequence(
      String.raw`\b([45]\d\d) `,
      words(
        "client error",
        "provider returned",
        "server error",
        "status code",
        "bad request",
        "unauthorized",
        "payment required",
        "forbidden",
        "not found",
        "method not allowed",
        "request timeout",
        "conflict",
        "too many requests",
        "internal server error",
        "not implemented",
        "bad gateway",
        "service (?:temporarily )?unavailable",
        "gateway time-?out",
      ),
    ),
  ),
];

// The reason phrases of RFC 9110 as whole complaints; those that rules know by themselves are left out.
const REASON_PHRASES: readonly (readonly [RegExp, number])[] = [
  [/^(?:error: |httperror: )?bad request\.?$/, 400],
  [/^(?:error: |httperror: )?not found\.?$|404 page not found/, 404],
  [/^(?:error: |httperror: )?method not allowed\.?$/, 405],
  [/^(?:error: |httperror: )?conflict\.?$/, 409],
  [/(?:request entity|request body|payload|content|request) too large/, 413],
  [/unprocessable (?:entity|content)/, 422],
  [/^(?:error: |httperror: )?forbidden\.?$/, 403],
  [/\bfailed dependency\b/, 424],
  [/\bbad gateway\b/, 502],
  [/\bservice (?:temporarily )?unavailable\b/, 503],
];

/** Any reason phrase: prose that does not match it states none. */
export const ANY_REASON = anyOf(...REASON_PHRASES.map(([phrase]) => phrase.source));

/** The HTTP status of 400 and above that lower-case prose states by number; null where it states none. */
export function numberedStatusIn(prose: string): number | null {
  if (!/[1-5]\d\d/.test(prose)) return null;
  for (const pattern of STATUS_PATTERNS) {
    const status = Number(pattern.exec(prose)?.[1] ?? 0);
    if (status >= 400) return status;
  }
  return null;
}

/** The same by its reason phrase. */
export function reasonStatusIn(prose: string): number | null {
  return REASON_PHRASES.find(([phrase]) => phrase.test(prose))?.[1] ?? null;
}
