/** Longest code worth comparing; what is longer is prose or an id. */
const TOKEN_CHARS_MAX = 120;
/** A shorter last segment ("1.5", "a.b") is no class name. */
const SEGMENT_CHARS_MIN = 4;

const SEPARATORS = ".:$#/\\";
const PLAIN_TOKEN = /^[a-z0-9]{1,120}$/;

/**
 * Adds the spellings under which a code is looked up: the whole in lower case without punctuation, and its last segment, so
 * that `rate_limit_exceeded`, `RateLimitExceeded`, `openai.RateLimitError`, `System.Net.Http.HttpRequestException`,
 * `tonic::Code` and `ThrottlingException:http://internal.amazon.com/coral/` all meet their row.
 */
export function addCanonicalTokens(code: string, tokens: Set<string>): void {
  if (PLAIN_TOKEN.test(code)) {
    tokens.add(code);
    return;
  }
  const bounded = code.length > TOKEN_CHARS_MAX ? code.slice(0, TOKEN_CHARS_MAX) : code;
  const urlStart = bounded.indexOf(":http");
  const token = urlStart < 0 ? bounded : bounded.slice(0, urlStart);
  const whole = canonical(token);
  if (whole === "") return;
  tokens.add(whole);
  const segmentStart = lastSegmentStart(token);
  const segment = segmentStart === 0 ? "" : canonical(token.slice(segmentStart));
  if (segment.length >= SEGMENT_CHARS_MIN) tokens.add(segment);
  // Anthropic's `api_error` says that the server failed; an SDK's `APIError` is only a base class. Snake case is kept beside.
  if (whole !== token && /^[a-z]+(?:_[a-z]+)+$/.test(token)) tokens.add(token);
}

function canonical(code: string): string {
  return code.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

function lastSegmentStart(token: string): number {
  for (let index = token.length - 1; index >= 0; index -= 1) if (SEPARATORS.includes(token.charAt(index))) return index + 1;
  return 0;
}
