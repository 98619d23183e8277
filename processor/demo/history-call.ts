import type { Random } from "./history-random.ts";
import type { PlainSpan } from "./history-spans.ts";
import { FAILURES, INCIDENTS, type Failure, type Incident, type Workload } from "./history-workloads.ts";

/** Attempts that an SDK makes: one, and its two retries. */
const ATTEMPTS_MAX = 3;
const KIND = { internal: 1, server: 2, client: 3 } as const;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SCOPES = { app: "demo-app", genai: "opentelemetry.util.genai", http: "@opentelemetry/instrumentation-undici" } as const;
/** Chance that the next attempt meets the same trouble. */
const LASTING = 0.3;
const USERS = 40;
/** The rest of an answer takes its time too. */
const FIRST_TOKEN_PART_MAX = 0.5;

export interface CallContext {
  readonly workload: Workload;
  readonly startMs: number;
  readonly nowMs: number;
  readonly random: Random;
}

interface Attempt {
  readonly startMs: number;
  readonly endMs: number;
  readonly failure: Failure | null;
}

/** All spans of one request to the application that calls a model once, with the attempts that it took. */
export function callSpans(context: CallContext): PlainSpan[] {
  const { workload, startMs, random } = context;
  const traceId = random.hex(16);
  const root = { spanId: random.hex(8), startMs };
  const agent = workload.agent === undefined ? null : { spanId: random.hex(8), startMs: startMs + 2 };
  const parentSpanId = agent?.spanId ?? root.spanId;
  const attempts = attemptsOf(context);
  const calls = workload.repeatsItself === true ? attempts.map((attempt) => [attempt]) : [attempts];
  const modelSpans = calls.flatMap((own) => modelCall(context, { traceId, parentSpanId, attempts: own }));
  const doneMs = attempts.at(-1)?.endMs ?? startMs;
  const tool =
    agent === null || !random.chance(0.3) ? [] : [toolSpan(context, { traceId, parentSpanId: agent.spanId, startMs: doneMs + 1 })];
  const endMs = Math.max(doneMs, ...tool.map((span) => span.endMs)) + 3;
  const agentSpans = agent === null ? [] : [agentSpan(workload, { traceId, parentSpanId: root.spanId, ...agent, endMs })];
  return [rootSpan(workload, { traceId, ...root, endMs: endMs + 2 }), ...agentSpans, ...modelSpans, ...tool];
}

/** The attempts one after another, as the client's retry policy makes them; the last one is the outcome. */
function attemptsOf(context: CallContext): Attempt[] {
  const { workload, random } = context;
  const attempts: Attempt[] = [];
  let startMs = context.startMs + 8;
  for (;;) {
    const failure = failureAt(context, startMs, attempts.at(-1)?.failure ?? null);
    const endMs = startMs + attemptMs(context, failure);
    attempts.push({ startMs, endMs, failure });
    if (failure === null || !FAILURES[failure].retried || attempts.length === ATTEMPTS_MAX) return attempts;
    const backoffMs = workload.repeatsItself === true ? 1500 : 500 * 2 ** (attempts.length - 1);
    startMs = endMs + Math.max(FAILURES[failure].retryAfterSeconds * 1000, backoffMs * (0.75 + random.next() / 4));
  }
}

/** @param before the failure that this attempt follows; null for a first attempt */
function failureAt({ workload, nowMs, random }: CallContext, atMs: number, before: Failure | null): Failure | null {
  const incident = INCIDENTS.find((candidate) => concerns(candidate, workload) && isDuring(candidate, atMs, nowMs));
  if (incident !== undefined && random.chance(incident.probability)) return incident.failure;
  if (before !== null) return random.chance(LASTING) ? before : null;
  const drawn = Object.entries(workload.failures) as [Failure, number][];
  return drawn.find(([, probability]) => random.chance(probability))?.[0] ?? null;
}

function concerns(incident: Incident, workload: Workload): boolean {
  return incident.provider === workload.provider && (incident.model ?? workload.model) === workload.model;
}

function isDuring({ daysAgo, fromHour, hours }: Incident, atMs: number, nowMs: number): boolean {
  const startMs = fromHour === "now" ? nowMs - hours * HOUR_MS : Math.floor(nowMs / DAY_MS - daysAgo) * DAY_MS + fromHour * HOUR_MS;
  return atMs >= startMs && atMs < startMs + hours * HOUR_MS;
}

function attemptMs({ workload, random }: CallContext, failure: Failure | null): number {
  if (failure === null) return random.around(workload.seconds * 1000, 0.4);
  if (failure === "timeout") return 30_000;
  if (failure === "broken_stream") return random.around(workload.seconds * 700, 0.3);
  return random.around(FAILURES[failure].status >= 500 ? 900 : 180, 0.3);
}

interface Place {
  readonly traceId: string;
  readonly parentSpanId: string;
}

function modelCall(context: CallContext, place: Place & { readonly attempts: readonly Attempt[] }): PlainSpan[] {
  const { workload, random } = context;
  const spanId = random.hex(8);
  const last = place.attempts.at(-1);
  const startMs = (place.attempts[0]?.startMs ?? context.startMs) - 3;
  const endMs = (last?.endMs ?? startMs) + 1;
  const failure = last?.failure ?? null;
  const lastMs = last === undefined ? 0 : last.endMs - last.startMs;
  const call: PlainSpan = {
    traceId: place.traceId,
    spanId,
    parentSpanId: place.parentSpanId,
    name: `${workload.operation} ${workload.model}`,
    kind: KIND.client,
    scope: SCOPES.genai,
    startMs,
    endMs,
    attributes: {
      ...requestAttributes(context),
      ...(failure === null
        ? answerAttributes(context, 1, lastMs)
        : failure === "broken_stream"
          ? answerAttributes(context, 0.4, lastMs)
          : {}),
    },
    ...(failure === null ? {} : { failure: { type: errorTypeOf(workload, failure), message: FAILURES[failure].message(workload.model) } }),
  };
  return [call, ...place.attempts.map((attempt) => httpSpan(context, { traceId: place.traceId, parentSpanId: spanId }, attempt))];
}

/** Instrumentations of these two write the exception's class, others the status. */
function errorTypeOf({ provider }: Workload, failure: Failure): string {
  const { errorType, status } = FAILURES[failure];
  return provider === "openai" || provider === "anthropic" || status < 400 ? errorType : String(status);
}

function requestAttributes({ workload, random }: CallContext): PlainSpan["attributes"] {
  // A few users ask most of the questions.
  const user = `user-${String(1 + Math.floor(USERS * random.next() ** 3)).padStart(3, "0")}`;
  return {
    "gen_ai.operation.name": workload.operation,
    "gen_ai.provider.name": workload.provider,
    "gen_ai.request.model": workload.model,
    "server.address": workload.host,
    "user.id": workload.service === "support-chat" ? user : undefined,
    "gen_ai.conversation.id": workload.service === "support-chat" ? `conversation-${random.hex(4)}` : undefined,
    "gen_ai.agent.name": workload.agent,
  };
}

/** @param part how much of the answer came, in durationMs */
function answerAttributes({ workload, random }: CallContext, part: number, durationMs: number): PlainSpan["attributes"] {
  const input = Math.round(random.around(workload.inputTokens, 0.35));
  const output = Math.round(random.around(workload.outputTokens, 0.5) * part);
  const prefix = Math.round(input * (workload.cachedPart ?? 0));
  const hit = random.chance(workload.cacheHits ?? 0);
  return {
    "gen_ai.response.model": workload.model,
    "gen_ai.response.id": `resp_${random.hex(12)}`,
    "gen_ai.response.finish_reasons": part < 1 ? undefined : [random.chance(0.03) ? "length" : "stop"],
    "gen_ai.usage.input_tokens": input,
    "gen_ai.usage.output_tokens": workload.outputTokens === 0 ? undefined : output,
    "gen_ai.usage.cache_read.input_tokens": workload.cachedPart === undefined ? undefined : hit ? prefix : 0,
    "gen_ai.usage.cache_creation.input_tokens": workload.writesCache === true ? (hit ? 0 : prefix) : undefined,
    "gen_ai.usage.reasoning.output_tokens": workload.reasoning === undefined ? undefined : Math.round(output * workload.reasoning),
    "gen_ai.response.time_to_first_chunk":
      workload.firstTokenSeconds === undefined
        ? undefined
        : Math.min(random.around(workload.firstTokenSeconds, 0.35), (durationMs / 1000) * FIRST_TOKEN_PART_MAX),
  };
}

function httpSpan({ workload, random }: CallContext, place: Place, attempt: Attempt): PlainSpan {
  const failure = attempt.failure === null ? null : FAILURES[attempt.failure];
  const status = failure?.status ?? 200;
  return {
    ...place,
    spanId: random.hex(8),
    name: "POST",
    kind: KIND.client,
    scope: SCOPES.http,
    startMs: attempt.startMs,
    endMs: attempt.endMs,
    attributes: {
      "http.request.method": "POST",
      "url.full": `https://${workload.host}${workload.path}`,
      "server.address": workload.host,
      "server.port": 443,
      "http.response.status_code": status === 0 ? undefined : status,
      "http.response.header.retry-after":
        failure !== null && failure.retryAfterSeconds > 0 ? [String(failure.retryAfterSeconds)] : undefined,
    },
    ...(failure === null || status === 200 ? {} : { failure: { type: status === 0 ? failure.errorType : String(status), message: "" } }),
  };
}

function agentSpan(workload: Workload, span: Place & Pick<PlainSpan, "spanId" | "startMs" | "endMs">): PlainSpan {
  return {
    ...span,
    name: `invoke_agent ${workload.agent}`,
    kind: KIND.internal,
    scope: SCOPES.genai,
    attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": workload.provider, "gen_ai.agent.name": workload.agent },
  };
}

function toolSpan({ random }: CallContext, span: Place & Pick<PlainSpan, "startMs">): PlainSpan {
  const tool = random.pick(["search_orders", "read_document", "create_ticket"]);
  return {
    ...span,
    spanId: random.hex(8),
    name: `execute_tool ${tool}`,
    kind: KIND.internal,
    scope: SCOPES.genai,
    endMs: span.startMs + random.around(140, 0.5),
    attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, "gen_ai.tool.type": "function" },
  };
}

function rootSpan(workload: Workload, span: Pick<PlainSpan, "traceId" | "spanId" | "startMs" | "endMs">): PlainSpan {
  const route = `/${workload.service}/${workload.agent ?? "run"}`;
  return {
    ...span,
    parentSpanId: "",
    name: `POST ${route}`,
    kind: KIND.server,
    scope: SCOPES.app,
    attributes: { "http.request.method": "POST", "http.route": route, "http.response.status_code": 200 },
  };
}
