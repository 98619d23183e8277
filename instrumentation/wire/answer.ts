/** The provider's own words for what went wrong. */
export interface AnswerError {
  readonly code?: string;
  readonly message?: string;
}

/** What has been read of an answer so far; wires fill it in. */
export interface Answer {
  model: string | undefined;
  id: string | undefined;
  serviceTier: string | undefined;
  systemFingerprint: string | undefined;
  /** The provider's own `usage` object, of whichever API; what later events of a stream do not state stays. */
  usage: Json | undefined;
  /** Usage in response headers, for an answer whose body states none. */
  headerUsage: Json | undefined;
  error: AnswerError | undefined;
  /** USD, where the provider bills in the answer (OpenRouter). */
  costUsd: number | undefined;
  readonly finishReasons: string[];
  /** The stream said that it is complete: what happens to the socket afterwards is no error. */
  done: boolean;
}

export type Json = Readonly<Record<string, unknown>>;

export function emptyAnswer(): Answer {
  return {
    model: undefined,
    id: undefined,
    serviceTier: undefined,
    systemFingerprint: undefined,
    usage: undefined,
    headerUsage: undefined,
    error: undefined,
    costUsd: undefined,
    finishReasons: [],
    done: false,
  };
}

export function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function asObjects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(asObject).filter((item) => item !== undefined) : [];
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Takes over what `usage` states; null states nothing. */
export function mergeUsage(answer: Answer, usage: unknown): void {
  const stated = asObject(usage);
  let merged: Record<string, unknown> | undefined;
  for (const key in stated) {
    const value = stated[key];
    if (value !== null && value !== undefined && key !== "__proto__") (merged ??= { ...answer.usage })[key] = value;
  }
  if (merged !== undefined) answer.usage = merged;
}

export function addFinishReason(answer: Answer, reason: unknown): void {
  const text = asText(reason);
  if (text !== undefined && answer.finishReasons.length < FINISH_REASONS_MAX) answer.finishReasons.push(text);
}

const FINISH_REASONS_MAX = 16;
