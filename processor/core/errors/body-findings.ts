import { boundedText } from "./error-text.ts";
import { httpStatusOf } from "./error-status.ts";

/** Objects and arrays that are looked into, and how deep; a provider's error needs about 10 and 6. */
const BODY_NODES_MAX = 200;
const BODY_DEPTH_MAX = 10;
/** Text around JSON is parsed up to here; Gemini's longest answers have about 4,000 characters. */
const JSON_CHARS_MAX = 16_384;
/** Texts kept of one body. */
const BODY_TEXTS_MAX = 40;

/** What a body says, whatever its shape. Filled by collectBody. */
export interface BodyFindings {
  readonly codes: string[];
  readonly texts: string[];
  status: number | null;
  /** Fields that state a wait, as they came. */
  readonly waits: { retryDelay?: unknown; retryAfterMs?: unknown; retryAfter?: unknown; estimatedTime?: unknown };
  nodes: number;
}

export function emptyFindings(): BodyFindings {
  return { codes: [], texts: [], status: null, waits: {}, nodes: 0 };
}

/** Collects codes, prose and waits from a provider's answer: parsed JSON, text, or text around JSON. Bounded, safe with cycles. */
export function collectBody(body: unknown, found: BodyFindings, depth = 0): void {
  if (typeof body === "string") collectText(body, found, depth);
  else if (typeof body === "number") addCode(String(body), found);
  else if (Array.isArray(body)) for (const item of body.slice(0, BODY_TEXTS_MAX)) collectNode(item, found, depth);
  else if (typeof body === "object" && body !== null) collectObject(body as Record<string, unknown>, found, depth);
}

function collectNode(value: unknown, found: BodyFindings, depth: number): void {
  if (depth >= BODY_DEPTH_MAX || found.nodes >= BODY_NODES_MAX) return;
  found.nodes += 1;
  collectBody(value, found, depth + 1);
}

/** Text around JSON, as SDKs make it (`429 {"error": ...}`), is read as the JSON and what stands before it. */
function collectText(text: string, found: BodyFindings, depth: number): void {
  const start = jsonStart(text);
  if (start < 0 || depth >= BODY_DEPTH_MAX) return addText(boundedText(text), found);
  const end = jsonEnd(text);
  const parsed = parseJson(text.slice(start, end));
  if (typeof parsed !== "object" || parsed === null) return addText(boundedText(text), found);
  if (start > 0) addText(boundedText(text.slice(0, start)), found);
  collectNode(parsed, found, depth);
  if (end < text.length) addText(boundedText(text.slice(end)), found);
}

/** -1 where there is none. */
function jsonStart(text: string): number {
  if (text.length > JSON_CHARS_MAX || !(text.includes("{") || text.includes("["))) return -1;
  return text.search(/[{[]\s{0,20}["{]/);
}

function jsonEnd(text: string): number {
  return Math.max(text.lastIndexOf("}"), text.lastIndexOf("]")) + 1;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const CODE_KEYS = new Set([
  "code",
  "type",
  "status",
  "reason",
  "name",
  "__type",
  "errorcode",
  "errortype",
  "errcode",
  "errortypes",
  "statuscode",
  "syscall",
  "errno",
  "finishreason",
  "blockreason",
  "rawstatuscode",
  "httpcode",
  "httpstatuscode",
  "exception",
  "grpcstatus",
]);
// An echo of the request is no complaint: a prompt that speaks of rate limits, a parameter named timeout.
const ECHO_KEYS = new Set([
  "param",
  "input",
  "prompt",
  "messages",
  "content",
  "choices",
  "request",
  "requestbody",
  "requestbodyvalues",
  "loc",
  "path",
  "instancepath",
  "headers",
  "responseheaders",
  "documentationurl",
  "links",
  "url",
  "stack",
  "traceback",
  "requestid",
  "model",
  "modelname",
  "options",
  "config",
  "arguments",
  "tools",
  "localizedmessage",
  "userid",
  "consumer",
  "via",
  "hostname",
  "usage",
  "domain",
  "type_url",
]);
const WAIT_KEYS: ReadonlyMap<string, keyof BodyFindings["waits"]> = new Map(
  Object.entries({
    retrydelay: "retryDelay",
    retryafterms: "retryAfterMs",
    retryafter: "retryAfter",
    retryafterseconds: "retryAfter",
    resetseconds: "retryAfter",
    resetsinseconds: "retryAfter",
    resetinseconds: "retryAfter",
    resetafterseconds: "retryAfter",
    retryinseconds: "retryAfter",
    waitseconds: "retryAfter",
    cooldownseconds: "retryAfter",
    waitms: "retryAfterMs",
    retryinms: "retryAfterMs",
    resetafterms: "retryAfterMs",
    estimatedtime: "estimatedTime",
  } as const),
);

function collectObject(body: Record<string, unknown>, found: BodyFindings, depth: number): void {
  for (const key of Object.keys(body)) collectField(key, body[key], found, depth);
}

/** An error of a chain, less what lies beneath it. */
export function collectCause(cause: Record<string, unknown>, found: BodyFindings): void {
  for (const key of Object.keys(cause)) if (key !== "cause" && key !== "errors") collectField(key, cause[key], found, 0);
}

function collectField(key: string, value: unknown, found: BodyFindings, depth: number): void {
  const name = nameOf(key);
  const waitKey = WAIT_KEYS.get(name);
  if (waitKey !== undefined) found.waits[waitKey] ??= value;
  else if (CODE_KEYS.has(name) && (typeof value === "string" || typeof value === "number")) addKeyedCode(name, value, found);
  else if (!ECHO_KEYS.has(name)) collectNode(value, found, depth);
}

/** Keys are spelled in every way; most that come have their names already. */
function nameOf(key: string): string {
  return key === "message" || CODE_KEYS.has(key) ? key : key.toLowerCase().replace(/[_-]/g, "");
}

/** A "reason" or "type" with spaces in it is a sentence. */
function addKeyedCode(name: string, value: string | number, found: BodyFindings): void {
  if (typeof value === "string" && value.includes(" ")) addText(value, found);
  else addCode(String(value), found);
  if (name !== "errno") found.status ??= httpStatusOf(value);
}

function addCode(code: string, found: BodyFindings): void {
  if (found.codes.length < BODY_TEXTS_MAX) found.codes.push(code);
}

/** SDKs make their message out of the body's: what stands inside another text is said already. */
function addText(text: string, { texts }: BodyFindings): void {
  if (text.trim() === "") return;
  if (texts.length === 0) {
    texts.push(text);
    return;
  }
  if (texts.some((said) => said.includes(text))) return;
  const shorter = texts.findIndex((said) => text.includes(said));
  if (shorter >= 0) texts[shorter] = text;
  else if (texts.length < BODY_TEXTS_MAX) texts.push(text);
}
