/** Longest code worth comparing; what is longer is prose or an id. */
const TOKEN_CHARS_MAX = 120;

/**
 * The spellings under which a code is looked up: the whole in lower case without punctuation, and its last segment, so
 * that `rate_limit_exceeded`, `RateLimitExceeded`, `openai.RateLimitError`, `System.Net.Http.HttpRequestException`,
 * `tonic::Code` and `ThrottlingException:http://internal.amazon.com/coral/` all meet their row.
 */
export function canonicalTokens(code: string): string[] {
  const token = code.length > TOKEN_CHARS_MAX ? code.slice(0, TOKEN_CHARS_MAX) : code;
  const beforeUrl = token.split(":http", 1)[0] ?? "";
  const whole = canonical(beforeUrl);
  const last = canonical(beforeUrl.slice(lastSegmentStart(beforeUrl)));
  // Anthropic's `api_error` says that the server failed; an SDK's `APIError` is only a base class. Snake case is kept beside.
  const snake = /^[a-z]+(?:_[a-z]+)+$/.test(token) ? [token] : [];
  // A short last segment ("1.5", "a.b") is no class name.
  return last === whole || last.length < 4 ? [whole, ...snake] : [whole, last, ...snake];
}

export function canonical(code: string): string {
  return code.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

function lastSegmentStart(token: string): number {
  return (
    Math.max(token.lastIndexOf("."), token.lastIndexOf(":"), token.lastIndexOf("$"), token.lastIndexOf("#"), token.lastIndexOf("/")) + 1
  );
}
