import type { Attributes } from "@opentelemetry/api";
import type { AttemptOutcome, ModelCall } from "./model-call.ts";
import { addUsage } from "./usage-attributes.ts";
import type { ModelTarget } from "./model-target.ts";
import type { RequestFacts } from "../wire/wire-dialect.ts";

/** Known before the request is sent: what samplers and parents see. */
export function startAttributes(target: ModelTarget, facts: RequestFacts | undefined): Attributes {
  const attributes: Attributes = { "gen_ai.operation.name": target.operation, "gen_ai.provider.name": target.provider };
  const model = facts?.model ?? target.model;
  if (model !== undefined) attributes["gen_ai.request.model"] = model;
  if (isStreaming(target, facts)) attributes["gen_ai.request.stream"] = true;
  attributes["server.address"] = target.serverAddress;
  if (target.serverPort !== undefined) attributes["server.port"] = target.serverPort;
  for (const key in facts?.attributes) attributes[key] = facts?.attributes[key];
  return attributes;
}

export function spanName(target: ModelTarget, facts: RequestFacts | undefined): string {
  const model = facts?.model ?? target.model;
  return model === undefined ? target.operation : `${target.operation} ${model}`;
}

export function isStreaming(target: ModelTarget, facts: RequestFacts | undefined): boolean {
  return target.streamingPath || facts?.streaming === true;
}

/**
 * Known at the end of the call. Names: semantic-conventions-genai, client-inference.md; the parts of cache writes and the
 * tiers are named as the vendors' own instrumentations do.
 */
export function endAttributes(call: ModelCall, outcome: AttemptOutcome): Attributes {
  const attributes: Attributes = {};
  const retries = Math.max(call.attempts - 1, call.countedRetries);
  addAnswer(attributes, call, outcome);
  if (outcome.status !== undefined) attributes["http.response.status_code"] = outcome.status;
  if (retries > 0) attributes["http.request.resend_count"] = retries;
  const toFirstChunk = timeToFirstChunk(call, outcome);
  if (toFirstChunk !== undefined) attributes["gen_ai.response.time_to_first_chunk"] = toFirstChunk;
  if (outcome.failure !== undefined) {
    attributes["error.type"] = outcome.failure.type;
    addRetryAfter(attributes, outcome.headers);
  }
  return attributes;
}

/**
 * What an SDK-level span lacks. Its error type is not ours to say while the client may try again: an attribute cannot be
 * taken back.
 */
export function missingAttributes(call: ModelCall, outcome: AttemptOutcome, present: Readonly<Attributes>): Attributes {
  const ours = endAttributes(call, outcome);
  if (outcome.retryable) delete ours["error.type"];
  else if (outcome.failure !== undefined) ours["error.message"] = outcome.failure.message;
  const missing: Attributes = {};
  for (const key in ours) if (present[key] === undefined || ALWAYS_OURS.has(key)) missing[key] = ours[key];
  return missing;
}

/** They change from attempt to attempt, and ours is the latest word. */
const ALWAYS_OURS: ReadonlySet<string> = new Set(["http.response.status_code", "http.request.resend_count"]);

/** Headers that tell how long to wait; recorded as the HTTP convention records headers. */
export function addRetryAfter(attributes: Attributes, headers: ReadonlyMap<string, string>): void {
  if (headers.size > 0) for (const name of RETRY_AFTER_HEADERS) addHeader(attributes, headers, name);
}

function addHeader(attributes: Attributes, headers: ReadonlyMap<string, string>, name: string): void {
  const value = headers.get(name);
  const attribute = HEADER_ATTRIBUTES.get(name);
  if (value !== undefined && attribute !== undefined) attributes[attribute] = [value];
}

const RETRY_AFTER_HEADERS = ["retry-after", "retry-after-ms"] as const;
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-goog-request-id", "cf-ray"] as const;
export const EVIDENCE_HEADERS: readonly string[] = [...RETRY_AFTER_HEADERS, ...REQUEST_ID_HEADERS];
const HEADER_ATTRIBUTES: ReadonlyMap<string, string> = new Map(EVIDENCE_HEADERS.map((name) => [name, `http.response.header.${name}`]));

/* Every attribute is written under a name that stands in the code: in one function for all names V8 looks each name up anew. */

function addAnswer(attributes: Attributes, call: ModelCall, outcome: AttemptOutcome): void {
  const { target } = call;
  const { answer, headers } = outcome;
  const { model, id, costUsd, serviceTier, systemFingerprint } = answer;
  const reasons = finishReasons(outcome);
  if (model !== undefined) attributes["gen_ai.response.model"] = model;
  if (id !== undefined) attributes["gen_ai.response.id"] = id;
  if (reasons !== undefined) attributes["gen_ai.response.finish_reasons"] = reasons;
  addUsage(attributes, answer.usage ?? answer.headerUsage, { provider: target.provider, model: model ?? call.facts?.model });
  if (costUsd !== undefined) attributes["gen_ai.usage.cost"] = costUsd;
  if (serviceTier !== undefined) addServiceTier(attributes, target, serviceTier);
  if (systemFingerprint !== undefined) attributes["openai.response.system_fingerprint"] = systemFingerprint;
  if (headers.size > 0) addRequestId(attributes, headers);
}

function addServiceTier(attributes: Attributes, { wire }: ModelTarget, tier: string): void {
  if (wire.name.startsWith("anthropic")) attributes["anthropic.response.service_tier"] = tier;
  else attributes["openai.response.service_tier"] = tier;
}

function addRequestId(attributes: Attributes, headers: ReadonlyMap<string, string>): void {
  const name = REQUEST_ID_HEADERS.find((candidate) => headers.has(candidate));
  if (name !== undefined) addHeader(attributes, headers, name);
}

/** "error" where a generation failed (the convention's word). */
function finishReasons({ answer, failure, streamed }: AttemptOutcome): string[] | undefined {
  if (answer.finishReasons.length > 0) return answer.finishReasons;
  return failure !== undefined && streamed ? ["error"] : undefined;
}

/** From the issue of the call, so that it and the rest of the duration add up also after retries. */
function timeToFirstChunk(call: ModelCall, { firstChunkMs, streamed }: AttemptOutcome): number | undefined {
  return firstChunkMs === undefined || !streamed ? undefined : (firstChunkMs - call.startMs) / 1000;
}
