import type { CachedPrefix } from "./prompt-cache.ts";
import type { Step } from "./script.ts";
import type { ServedCall, ServedUsage, Wire } from "./served-call.ts";

const CHARS_PER_TOKEN = 4;
const WORDS = "the model answers with words that carry no meaning but have the length and the pace of a real reply to a question".split(
  " ",
);
const OUTPUT_TOKENS_MIN = 40;
const OUTPUT_TOKENS_SPREAD = 160;
const PIECES = 8;
const TOKENS_PER_WORD = 1.3;

export interface AnswerRequest {
  readonly sequence: number;
  readonly wire: Wire;
  readonly model: string;
  readonly operation: string;
  readonly streaming: boolean;
  readonly body: string;
  readonly parsed: Readonly<Record<string, unknown>>;
  readonly step: Step;
  readonly cached: CachedPrefix;
  readonly createdAt: number;
}

/** Decides the tokens and the text of one answer from the request alone, so that a run can be repeated. */
export function planAnswer(request: AnswerRequest): ServedCall {
  const { settings } = request.step;
  const usage = asStated(planUsage(request), request.wire.statesCache);
  return {
    id: `standin${String(request.sequence).padStart(8, "0")}`,
    model: request.model,
    operation: request.operation,
    streaming: request.streaming,
    usage,
    pieces: planPieces(usage.output, settings["chunks"] ?? PIECES, settings["bytes"] ?? 0),
    filtered: settings["filtered"] === 1,
    withoutUsage: settings["no-usage"] === 1,
    createdAt: request.createdAt,
    request: request.parsed,
  };
}

function planUsage({ step: { settings }, body, operation, cached }: AnswerRequest): ServedUsage {
  const cacheRead = settings["read"] ?? cached.read;
  const cacheWrite5m = settings["write5m"] ?? cached.write5m;
  const cacheWrite1h = settings["write1h"] ?? cached.write1h;
  const all = Math.ceil(body.length / CHARS_PER_TOKEN);
  const output = operation === "embeddings" ? 0 : (settings["output"] ?? OUTPUT_TOKENS_MIN + (hash(body) % OUTPUT_TOKENS_SPREAD));
  return {
    uncachedInput: settings["input"] ?? Math.max(1, all - cacheRead - cacheWrite5m - cacheWrite1h),
    cacheRead,
    cacheWrite5m,
    cacheWrite1h,
    output,
    reasoning: settings["reasoning"] ?? 0,
  };
}

function asStated(usage: ServedUsage, states: Wire["statesCache"]): ServedUsage {
  const written = states === "reads_and_writes" ? 0 : usage.cacheWrite5m + usage.cacheWrite1h;
  const read = states === "nothing" ? usage.cacheRead : 0;
  return {
    ...usage,
    uncachedInput: usage.uncachedInput + written + read,
    cacheRead: usage.cacheRead - read,
    ...(written > 0 ? { cacheWrite5m: 0, cacheWrite1h: 0 } : {}),
  };
}

/** Text of about the served number of tokens in `count` pieces; `bytes` asks for a text of that size instead. */
function planPieces(tokens: number, count: number, bytes: number): string[] {
  if (bytes > 0) return Array.from({ length: count }, () => "x".repeat(Math.ceil(bytes / count)));
  const words = Math.max(count, Math.round(tokens / TOKENS_PER_WORD));
  const perPiece = Math.ceil(words / count);
  return Array.from({ length: count }, (_, piece) =>
    Array.from({ length: perPiece }, (_unused, word) => `${WORDS[(piece * perPiece + word) % WORDS.length] ?? ""} `).join(""),
  );
}

/** FNV-1a, 32 bits: the same prompt always gets an answer of the same length. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
