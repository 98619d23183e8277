import * as v from "valibot";

// How the variables of the gateway are written: one valibot schema for each kind of text, with a message that says what was expected.

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const BYTE_UNITS: Readonly<Record<string, number>> = { "": 1, B: 1, KB: KIB, KIB, MB: MIB, MIB, GB: GIB, GIB };
const BYTES_PATTERN = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/;
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const DURATION_PATTERN = /^(\d+)(ms|s|m)$/;

export const text = v.pipe(v.string(), v.trim(), v.nonEmpty("expected text, got nothing"));

export function wholeNumber(min: number, max: number) {
  return v.pipe(
    v.string(),
    v.trim(),
    v.regex(/^\d+$/, `expected a whole number from ${min} to ${max}`),
    v.transform(Number),
    v.check((value) => value >= min && value <= max, `expected a whole number from ${min} to ${max}`),
  );
}

export const port = wholeNumber(0, 65_535);

/** "64MB", "1GiB" or plain bytes; both spellings count in powers of 1024, so that a limit is never smaller than it reads. */
export function byteCount(min: number) {
  const expected = `expected a size of at least ${formatBytes(min)}, such as 20MB or 1GB`;
  return v.pipe(
    v.string(),
    v.trim(),
    v.transform((value) => {
      const [, digits = "", unit = ""] = BYTES_PATTERN.exec(value) ?? [];
      return Math.floor(Number.parseFloat(digits) * (BYTE_UNITS[unit.toUpperCase()] ?? Number.NaN));
    }),
    v.check((bytes) => bytes >= min, expected),
  );
}

export function duration(minMs: number, maxMs: number) {
  const expected = `expected a time from ${formatMs(minMs)} to ${formatMs(maxMs)}, such as 500ms or 10s`;
  return v.pipe(
    v.string(),
    v.trim(),
    v.transform((value) => {
      const [, digits = "", unit = ""] = DURATION_PATTERN.exec(value) ?? [];
      return Number.parseInt(digits, 10) * (DURATION_UNITS[unit] ?? Number.NaN);
    }),
    v.check((ms) => ms >= minMs && ms <= maxMs, expected),
  );
}

export const flag = v.pipe(
  v.string(),
  v.trim(),
  v.toLowerCase(),
  v.picklist(["true", "false", "1", "0", "yes", "no"], "expected true or false"),
  v.transform((value) => value === "true" || value === "1" || value === "yes"),
);

export const list = v.pipe(
  v.string(),
  v.transform((value): readonly string[] =>
    value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  ),
);

/** What can stand in an Authorization header: RFC 6750 section 2.1, b64token, and no shorter than a guess takes. */
const TOKEN_CHARS_MIN = 8;
export const TOKEN_PATTERN = /^[A-Za-z0-9\-._~+/]+=*$/;
export const tokens = v.pipe(
  list,
  v.check(
    (items) => items.every((item) => item.length >= TOKEN_CHARS_MIN && TOKEN_PATTERN.test(item)),
    `expected tokens of at least ${TOKEN_CHARS_MIN} characters out of A-Z a-z 0-9 - . _ ~ + / =, separated by commas`,
  ),
);

export function url(protocols: readonly string[], example: string) {
  return v.pipe(
    text,
    v.check((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), `expected a URL such as ${example}`),
  );
}

/** `name=value,name2=value2`, percent-encoded, as in OTEL_EXPORTER_OTLP_HEADERS. */
export const headers = v.pipe(
  list,
  v.check(
    (items) => items.every((item) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+ *=/.test(item) && isPercentEncoded(item)),
    "expected name=value pairs, separated by commas, values percent-encoded",
  ),
  v.transform((items): Readonly<Record<string, string>> =>
    Object.fromEntries(
      items.map((item) => {
        const at = item.indexOf("=");
        return [item.slice(0, at).trim().toLowerCase(), decodeURIComponent(item.slice(at + 1).trim())];
      }),
    ),
  ),
);

function isPercentEncoded(value: string): boolean {
  try {
    decodeURIComponent(value);
    return true;
  } catch {
    return false;
  }
}

export const identifier = v.pipe(text, v.regex(/^[a-z_][a-z0-9_]{0,62}$/, "expected a lower-case SQL name, such as genai"));

/** A word of its own in place of the value: `off`, `0`. Reads as `meaning`. */
export function wordOr<const W extends string, const M, const S extends v.GenericSchema<string, unknown>>(word: W, meaning: M, schema: S) {
  const literal = v.pipe(
    v.literal(word),
    v.transform((): M => meaning),
  );
  return v.lazy((input) => (input === word ? literal : schema)) as v.GenericSchema<string, M | v.InferOutput<S>>;
}

function formatBytes(bytes: number): string {
  return bytes >= MIB ? `${bytes / MIB}MB` : `${bytes / KIB}KB`;
}

function formatMs(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
