import { categorizeError } from "../core/categorize-error.ts";
import type { ErrorEvidence } from "../core/categorization.ts";
import type { Command } from "./command.ts";
import { answerJsonLines, InputError } from "./json-lines.ts";

const HELP = `usage: genai-otel categorize < failures.jsonl

Reads failed calls as JSON lines, all fields optional:
  {"provider", "status", "errorType", "errorCode", "message", "body", "headers", "cause"}
Answers each with {"category", "retryable", "retryDelayMs", "rule"}; a line that cannot be read
gets {"error": "..."} in its place and makes the exit code 1.
`;

type FieldKind = "text" | "text or number" | "object" | "anything";

const FIELDS: Readonly<Record<keyof ErrorEvidence, FieldKind>> = {
  provider: "text",
  status: "text or number",
  errorType: "text",
  errorCode: "text or number",
  message: "text",
  body: "anything",
  headers: "object",
  cause: "anything",
};

const ACCEPTS: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === "string",
  "text or number": (value) => typeof value === "string" || typeof value === "number",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  anything: () => true,
};

/** `genai-otel categorize`: what kind of failure, is another try worth it, and when. */
export const categorize: Command = async (args, io) => {
  if (args.length > 0) {
    const asksHelp = args[0] === "--help" || args[0] === "-h";
    (asksHelp ? io.stdout : io.stderr).write(asksHelp ? HELP : `genai-otel categorize: unexpected argument "${args[0]}"\n\n${HELP}`);
    return asksHelp ? 0 : 2;
  }
  return answerJsonLines(io, (value) => categorizeError(readEvidence(value)));
};

/** A field that is null counts as absent; unknown fields are left alone. */
function readEvidence(value: unknown): ErrorEvidence {
  if (!ACCEPTS.object(value)) throw new InputError(`expected an object with ${Object.keys(FIELDS).join(", ")}; got ${kindOf(value)}`);
  const line = value as Record<string, unknown>;
  const evidence: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(line, field) || line[field] === null) continue;
    if (!ACCEPTS[kind](line[field])) throw new InputError(`${field}: expected ${kind}, got ${kindOf(line[field])}`);
    evidence[field] = line[field];
  }
  return evidence;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}
