import type { Attributes, AttributeValue } from "@opentelemetry/api";
import type { Answer } from "../wire/answer.ts";
import type { AttemptOutcome, ModelCall } from "./model-call.ts";
import { usageAttributes } from "./usage-attributes.ts";
import type { ModelTarget } from "./model-target.ts";
import type { RequestFacts } from "../wire/wire-dialect.ts";

/** Known before the request is sent: what samplers and parents see. */
export function startAttributes(target: ModelTarget, facts: RequestFacts | undefined): Attributes {
  return defined({
    "gen_ai.operation.name": target.operation,
    "gen_ai.provider.name": target.provider,
    "gen_ai.request.model": facts?.model ?? target.model,
    "gen_ai.request.stream": isStreaming(target, facts) ? true : undefined,
    "server.address": target.serverAddress,
    "server.port": target.serverPort,
    ...facts?.attributes,
  });
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
  const retries = Math.max(call.attempts - 1, call.countedRetries);
  return defined({
    ...answerAttributes(call, outcome),
    "http.response.status_code": outcome.status,
    "http.request.resend_count": retries > 0 ? retries : undefined,
    "gen_ai.response.time_to_first_chunk": timeToFirstChunk(call, outcome),
    "error.type": outcome.failure?.type,
    ...(outcome.failure === undefined ? {} : retryAfterAttributes(outcome.headers)),
  });
}

/**
 * What an SDK-level span lacks. Its error type is not ours to say while the client may try again: an attribute cannot be
 * taken back.
 */
export function missingAttributes(call: ModelCall, outcome: AttemptOutcome, present: Readonly<Attributes>): Attributes {
  const { "error.type": errorType, ...others } = endAttributes(call, outcome);
  const failure =
    outcome.retryable || outcome.failure === undefined ? {} : { "error.type": errorType, "error.message": outcome.failure.message };
  const lacking = Object.entries({ ...others, ...failure }).filter(([key, value]) => value !== undefined && present[key] === undefined);
  const retries = others["http.request.resend_count"];
  return {
    ...Object.fromEntries(lacking),
    ...defined({ "http.response.status_code": outcome.status, "http.request.resend_count": retries }),
  };
}

export function retryAfterAttributes(headers: ReadonlyMap<string, string>): Attributes {
  const stated = RETRY_AFTER_HEADERS.flatMap((name): [string, string[]][] => {
    const value = headers.get(name);
    return value === undefined ? [] : [[`http.response.header.${name}`, [value]]];
  });
  return Object.fromEntries(stated);
}

/** Headers that tell how long to wait; recorded as the HTTP convention records headers. */
const RETRY_AFTER_HEADERS = ["retry-after", "retry-after-ms"] as const;
const REQUEST_ID_HEADERS = ["x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-goog-request-id", "cf-ray"] as const;
export const EVIDENCE_HEADERS: readonly string[] = [...RETRY_AFTER_HEADERS, ...REQUEST_ID_HEADERS];

function answerAttributes(call: ModelCall, { answer, failure, streamed, headers }: AttemptOutcome): Attributes {
  const { target } = call;
  const vendor = target.wire.name.startsWith("anthropic") ? "anthropic" : "openai";
  const requestIdHeader = REQUEST_ID_HEADERS.find((name) => headers.has(name));
  return {
    "gen_ai.response.model": answer.model,
    "gen_ai.response.id": answer.id,
    "gen_ai.response.finish_reasons": finishReasons(answer, failure !== undefined, streamed),
    ...usageAttributes(answer.usage ?? answer.headerUsage, { provider: target.provider, model: answer.model ?? call.facts?.model }),
    "gen_ai.usage.cost": answer.costUsd,
    [`${vendor}.response.service_tier`]: answer.serviceTier,
    "openai.response.system_fingerprint": answer.systemFingerprint,
    ...(requestIdHeader === undefined ? {} : { [`http.response.header.${requestIdHeader}`]: [headers.get(requestIdHeader) ?? ""] }),
  };
}

/** "error" where a generation failed (the convention's word). */
function finishReasons(answer: Answer, failed: boolean, streamed: boolean): string[] | undefined {
  if (answer.finishReasons.length > 0) return answer.finishReasons;
  return failed && streamed ? ["error"] : undefined;
}

/** From the issue of the call, so that it and the rest of the duration add up also after retries. */
function timeToFirstChunk(call: ModelCall, { firstChunkMs, streamed }: AttemptOutcome): number | undefined {
  return firstChunkMs === undefined || !streamed ? undefined : (firstChunkMs - call.startMs) / 1000;
}

/** A loop, because it runs three times per call. */
function defined(attributes: Readonly<Record<string, AttributeValue | undefined>>): Attributes {
  const kept: Attributes = {};
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}
