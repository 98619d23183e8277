import type { Attributes, AttributeValue } from "@opentelemetry/api";
import type { AttemptOutcome, ModelCall } from "./model-call.ts";
import { addUsage } from "./usage-attributes.ts";
import type { ModelTarget } from "./model-target.ts";
import type { RequestFacts } from "../wire/wire-dialect.ts";

/** Known before the request is sent: what samplers and parents see. */
export function startAttributes(target: ModelTarget, facts: RequestFacts | undefined): Attributes {
  const attributes: Attributes = { "gen_ai.operation.name": target.operation, "gen_ai.provider.name": target.provider };
  put(attributes, "gen_ai.request.model", facts?.model ?? target.model);
  if (isStreaming(target, facts)) attributes["gen_ai.request.stream"] = true;
  attributes["server.address"] = target.serverAddress;
  put(attributes, "server.port", target.serverPort);
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
  put(attributes, "http.response.status_code", outcome.status);
  if (retries > 0) attributes["http.request.resend_count"] = retries;
  put(attributes, "gen_ai.response.time_to_first_chunk", timeToFirstChunk(call, outcome));
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
  if (value !== undefined) attributes[`http.response.header.${name}`] = [value];
}

const RETRY_AFTER_HEADERS = ["retry-after", "retry-after-ms"] as const;
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-goog-request-id", "cf-ray"] as const;
export const EVIDENCE_HEADERS: readonly string[] = [...RETRY_AFTER_HEADERS, ...REQUEST_ID_HEADERS];

function addAnswer(attributes: Attributes, call: ModelCall, outcome: AttemptOutcome): void {
  const { target } = call;
  const { answer, headers } = outcome;
  put(attributes, "gen_ai.response.model", answer.model);
  put(attributes, "gen_ai.response.id", answer.id);
  put(attributes, "gen_ai.response.finish_reasons", finishReasons(outcome));
  const who = { provider: target.provider, model: answer.model ?? call.facts?.model };
  addUsage(attributes, answer.usage ?? answer.headerUsage, who);
  put(attributes, "gen_ai.usage.cost", answer.costUsd);
  if (answer.serviceTier !== undefined) attributes[`${vendorOf(target)}.response.service_tier`] = answer.serviceTier;
  put(attributes, "openai.response.system_fingerprint", answer.systemFingerprint);
  const requestId = headers.size === 0 ? undefined : REQUEST_ID_HEADERS.find((name) => headers.has(name));
  if (requestId !== undefined) addHeader(attributes, headers, requestId);
}

function vendorOf({ wire }: ModelTarget): string {
  return wire.name.startsWith("anthropic") ? "anthropic" : "openai";
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

function put(attributes: Attributes, key: string, value: AttributeValue | undefined): void {
  if (value !== undefined) attributes[key] = value;
}
