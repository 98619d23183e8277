/** What the stand-in can be told to do with one request. */
export const OUTCOMES = [
  "ok",
  "rate_limit",
  "quota",
  "overloaded",
  "server_error",
  "unavailable",
  "bad_gateway",
  "auth",
  "forbidden",
  "model_not_found",
  "bad_request",
  "context_length",
  "content_filter",
  "slow",
  "reset",
  "cut",
  "stream_error",
  "garbage",
] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** One answer: what happens, and the numbers that go with it (`after-ms=25`, `read=1024`, `ttft=40`). */
export interface Step {
  readonly outcome: Outcome;
  readonly settings: Readonly<Record<string, number>>;
}

/** The answers to the attempts of one call, in order; the last one repeats. */
export interface Script {
  readonly id: string;
  readonly steps: readonly Step[];
}

const SCRIPT_HEADER = "x-stand-in";
const PATH_PREFIX = /^\/~([^/]+)/;
const PROMPT_MARKER = /\[\[([\w.:-]*~[\w;,.=-]+)\]\]/;
const OK: Script = { id: "", steps: [{ outcome: "ok", settings: {} }] };

export interface ScriptedRequest {
  readonly script: Script;
  /** The path without the script's prefix. */
  readonly path: string;
}

/**
 * Finds what a test or the demo asked for: a path prefix (`/~call-7~rate_limit;after-ms=25,ok/v1/messages`), a header
 * (`x-stand-in: call-7~overloaded,ok`) or a marker anywhere in the prompt (`[[call-7~ok;read=1024]]`). The id counts the
 * attempts of one call. Throws on a script that cannot be read, so that a typo is no silent success.
 */
export function scriptOf(url: string, headers: Readonly<Record<string, unknown>>, body: string): ScriptedRequest {
  const prefix = PATH_PREFIX.exec(url);
  const path = prefix === null ? url : url.slice(prefix[0].length);
  if (prefix?.[1] !== undefined) return { script: parseScript(decodeURIComponent(prefix[1])), path };
  const header = headers[SCRIPT_HEADER];
  if (typeof header === "string") return { script: parseScript(header), path };
  const marker = PROMPT_MARKER.exec(body)?.[1];
  return { script: marker === undefined ? OK : parseScript(marker), path };
}

export function parseScript(text: string): Script {
  const split = text.indexOf("~");
  const id = split < 0 ? "" : text.slice(0, split);
  return {
    id,
    steps: text
      .slice(split + 1)
      .split(",")
      .map(parseStep),
  };
}

function parseStep(text: string): Step {
  const [name, ...rest] = text.trim().split(";");
  const outcome = OUTCOMES.find((known) => known === name);
  if (outcome === undefined) throw new Error(`provider stand-in: no outcome named "${name}"; expected one of ${OUTCOMES.join(", ")}`);
  return { outcome, settings: Object.fromEntries(rest.map(parseSetting)) };
}

function parseSetting(text: string): [string, number] {
  const [name = "", value] = text.split("=");
  const number = value === undefined ? 1 : Number(value);
  if (!Number.isFinite(number)) throw new Error(`provider stand-in: setting "${text}" needs a number`);
  return [name, number];
}
