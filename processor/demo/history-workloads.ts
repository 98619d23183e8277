/** Ways in which the demo's calls fail, with what a client of that provider gets to see. */
export type Failure =
  | "rate_limit"
  | "overloaded"
  | "server"
  | "timeout"
  | "network"
  | "too_long"
  | "filtered"
  | "bad_key"
  | "no_quota"
  | "broken_stream";

export interface FailureRow {
  /** 0: no answer came. */
  readonly status: number;
  readonly errorType: string;
  readonly message: (model: string) => string;
  /** The provider's SDK tries again by itself. */
  readonly retried: boolean;
  /** Seconds in the Retry-After header; 0: none. */
  readonly retryAfterSeconds: number;
}

export const FAILURES: Readonly<Record<Failure, FailureRow>> = {
  rate_limit: {
    status: 429,
    errorType: "RateLimitError",
    message: (model) => `429 Rate limit reached for ${model} on tokens per min (TPM): Limit 2000000, Used 1998213. Please try again in 4s.`,
    retried: true,
    retryAfterSeconds: 4,
  },
  overloaded: {
    status: 529,
    errorType: "InternalServerError",
    message: () => '529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    retried: true,
    retryAfterSeconds: 0,
  },
  server: {
    status: 500,
    errorType: "InternalServerError",
    message: () => "500 The server had an error while processing your request. Sorry about that!",
    retried: true,
    retryAfterSeconds: 0,
  },
  timeout: { status: 0, errorType: "APIConnectionTimeoutError", message: () => "Request timed out.", retried: true, retryAfterSeconds: 0 },
  network: {
    status: 0,
    errorType: "APIConnectionError",
    message: () => "Connection error. cause: read ECONNRESET",
    retried: true,
    retryAfterSeconds: 0,
  },
  too_long: {
    status: 400,
    errorType: "BadRequestError",
    message: () => "400 This model's maximum context length is 400000 tokens, however you requested 431204 tokens.",
    retried: false,
    retryAfterSeconds: 0,
  },
  filtered: {
    status: 400,
    errorType: "BadRequestError",
    message: () => "400 The response was filtered due to the prompt triggering the content management policy. (content_filter)",
    retried: false,
    retryAfterSeconds: 0,
  },
  bad_key: {
    status: 401,
    errorType: "AuthenticationError",
    message: () => "401 Incorrect API key provided. You can find your API key in the console.",
    retried: false,
    retryAfterSeconds: 0,
  },
  no_quota: {
    status: 429,
    errorType: "RateLimitError",
    message: () => "429 You exceeded your current quota, please check your plan and billing details. (insufficient_quota)",
    retried: false,
    retryAfterSeconds: 0,
  },
  broken_stream: {
    status: 200,
    errorType: "APIError",
    message: () => "stream ended before the message was complete: internal server error",
    retried: false,
    retryAfterSeconds: 0,
  },
};

/** One kind of work of one service with one model. */
export interface Workload {
  readonly service: string;
  readonly environment: string;
  readonly agent?: string;
  readonly operation: "chat" | "embeddings" | "generate_content" | "text_completion";
  readonly provider: string;
  readonly model: string;
  readonly host: string;
  readonly path: string;
  /** Part of all calls; the rows add up to about 1. */
  readonly share: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of the output that is reasoning. */
  readonly reasoning?: number;
  /** Chance that a call finds its prefix in the cache, and which part of the input that is. */
  readonly cacheHits?: number;
  readonly cachedPart?: number;
  /** Missing the cache writes it: only where the provider charges for that. */
  readonly writesCache?: boolean;
  readonly seconds: number;
  readonly firstTokenSeconds?: number;
  readonly failures: Partial<Record<Failure, number>>;
  /** The application repeats the call with a span of its own, instead of the SDK below it. */
  readonly repeatsItself?: boolean;
}

const OPENAI = { provider: "openai", host: "api.openai.com", path: "/v1/chat/completions" } as const;
const ANTHROPIC = { provider: "anthropic", host: "api.anthropic.com", path: "/v1/messages" } as const;
const GEMINI = { provider: "gcp.gemini", host: "generativelanguage.googleapis.com" } as const;
const BEDROCK = { provider: "aws.bedrock", host: "bedrock-runtime.eu-central-1.amazonaws.com" } as const;
const MISTRAL = { provider: "mistral_ai", host: "api.mistral.ai", path: "/v1/chat/completions" } as const;

/** Anthropic's models cache long prefixes; code-review's opus writes a cache that is hardly ever read again and pays for it. */
export const WORKLOADS: readonly Workload[] = [
  {
    ...ANTHROPIC,
    service: "support-chat",
    environment: "production",
    agent: "support",
    operation: "chat",
    model: "claude-sonnet-4-5",
    share: 0.2,
    inputTokens: 9200,
    outputTokens: 420,
    cacheHits: 0.86,
    cachedPart: 0.8,
    writesCache: true,
    seconds: 6.5,
    firstTokenSeconds: 0.9,
    failures: { overloaded: 0.006, rate_limit: 0.003, timeout: 0.002, broken_stream: 0.002 },
  },
  {
    ...ANTHROPIC,
    service: "support-chat",
    environment: "production",
    agent: "triage",
    operation: "chat",
    model: "claude-haiku-4-5",
    share: 0.12,
    inputTokens: 3100,
    outputTokens: 160,
    cacheHits: 0.7,
    cachedPart: 0.7,
    writesCache: true,
    seconds: 1.8,
    firstTokenSeconds: 0.45,
    failures: { overloaded: 0.004, rate_limit: 0.002 },
  },
  {
    ...OPENAI,
    service: "support-chat",
    environment: "production",
    agent: "support",
    operation: "chat",
    model: "gpt-5-mini",
    share: 0.14,
    inputTokens: 5200,
    outputTokens: 380,
    reasoning: 0.4,
    cacheHits: 0.6,
    cachedPart: 0.6,
    seconds: 4.2,
    firstTokenSeconds: 1.3,
    failures: { rate_limit: 0.02, server: 0.003, timeout: 0.002, filtered: 0.004 },
  },
  {
    ...OPENAI,
    service: "code-review",
    environment: "production",
    agent: "reviewer",
    operation: "chat",
    model: "gpt-5.2",
    share: 0.07,
    inputTokens: 14_000,
    outputTokens: 1900,
    reasoning: 0.6,
    cacheHits: 0.4,
    cachedPart: 0.5,
    seconds: 24,
    failures: { rate_limit: 0.03, server: 0.006, too_long: 0.012, timeout: 0.008 },
  },
  {
    ...ANTHROPIC,
    service: "code-review",
    environment: "production",
    agent: "reviewer",
    operation: "chat",
    model: "claude-opus-4-5",
    share: 0.03,
    inputTokens: 21_000,
    outputTokens: 1400,
    cacheHits: 0.05,
    cachedPart: 0.7,
    writesCache: true,
    seconds: 19,
    firstTokenSeconds: 1.6,
    failures: { overloaded: 0.015, too_long: 0.01, broken_stream: 0.012 },
  },
  {
    ...OPENAI,
    service: "document-search",
    environment: "production",
    operation: "embeddings",
    path: "/v1/embeddings",
    model: "text-embedding-3-small",
    share: 0.16,
    inputTokens: 1800,
    outputTokens: 0,
    seconds: 0.22,
    failures: { rate_limit: 0.012, network: 0.002 },
  },
  {
    ...GEMINI,
    service: "document-search",
    environment: "production",
    operation: "generate_content",
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
    model: "gemini-2.5-flash",
    share: 0.1,
    inputTokens: 7600,
    outputTokens: 300,
    cacheHits: 0.35,
    cachedPart: 0.5,
    seconds: 2.1,
    firstTokenSeconds: 0.6,
    failures: { overloaded: 0.012, timeout: 0.004, rate_limit: 0.004 },
  },
  {
    ...GEMINI,
    service: "batch-summaries",
    environment: "production",
    operation: "generate_content",
    path: "/v1beta/models/gemini-2.5-pro:generateContent",
    model: "gemini-2.5-pro",
    share: 0.04,
    inputTokens: 18_000,
    outputTokens: 1100,
    reasoning: 0.5,
    cacheHits: 0.2,
    cachedPart: 0.4,
    seconds: 15,
    failures: { overloaded: 0.02, timeout: 0.012 },
    repeatsItself: true,
  },
  {
    ...BEDROCK,
    service: "batch-summaries",
    environment: "production",
    operation: "chat",
    path: "/model/amazon.nova-pro-v1:0/converse",
    model: "amazon.nova-pro-v1:0",
    share: 0.05,
    inputTokens: 8800,
    outputTokens: 620,
    seconds: 5.4,
    failures: { rate_limit: 0.015, server: 0.004 },
    repeatsItself: true,
  },
  {
    ...BEDROCK,
    service: "support-chat",
    environment: "staging",
    agent: "support",
    operation: "chat",
    path: "/model/eu.anthropic.claude-haiku-4-5-20251001-v1:0/converse",
    model: "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    share: 0.03,
    inputTokens: 3000,
    outputTokens: 170,
    seconds: 2.2,
    firstTokenSeconds: 0.6,
    failures: { rate_limit: 0.01, network: 0.004 },
  },
  {
    ...MISTRAL,
    service: "batch-summaries",
    environment: "production",
    operation: "chat",
    model: "mistral-medium-latest",
    share: 0.04,
    inputTokens: 6100,
    outputTokens: 540,
    seconds: 4.8,
    failures: { server: 0.006, rate_limit: 0.006 },
    repeatsItself: true,
  },
  {
    ...MISTRAL,
    service: "code-review",
    environment: "staging",
    agent: "reviewer",
    operation: "chat",
    model: "codestral-acme-tuned",
    share: 0.02,
    inputTokens: 4200,
    outputTokens: 350,
    seconds: 3.1,
    failures: { server: 0.01 },
  },
];

/** A time in which a provider, or one of its models, failed more than usual. */
export interface Incident {
  readonly provider: string;
  readonly model?: string;
  readonly failure: Failure;
  /** Whole days (UTC) before now, and the hour of that day; "now": it is still going on. */
  readonly daysAgo: number;
  readonly fromHour: number | "now";
  readonly hours: number;
  readonly probability: number;
}

export const INCIDENTS: readonly Incident[] = [
  { provider: "anthropic", failure: "overloaded", daysAgo: 4, fromHour: 14, hours: 1.5, probability: 0.4 },
  { provider: "openai", failure: "rate_limit", daysAgo: 1, fromHour: 9, hours: 3, probability: 0.45 },
  { provider: "openai", model: "gpt-5.2", failure: "timeout", daysAgo: 3, fromHour: 13, hours: 1, probability: 0.5 },
  { provider: "gcp.gemini", failure: "server", daysAgo: 2, fromHour: 10, hours: 1.5, probability: 0.4 },
  { provider: "mistral_ai", failure: "no_quota", daysAgo: 2, fromHour: 15, hours: 1.5, probability: 0.9 },
  { provider: "aws.bedrock", failure: "bad_key", daysAgo: 5, fromHour: 8, hours: 0.5, probability: 1 },
  // The demo opens with an alert to look at.
  { provider: "openai", failure: "rate_limit", daysAgo: 0, fromHour: "now", hours: 0.5, probability: 0.35 },
];

/** Part of a day's calls by hour (UTC): offices in Europe, some of it in America. */
export const HOUR_WEIGHTS: readonly number[] = [2, 1, 1, 1, 1, 2, 4, 8, 13, 15, 15, 14, 12, 14, 15, 15, 14, 12, 9, 7, 6, 5, 4, 3];

/** Sunday first. */
export const WEEKDAY_WEIGHTS: readonly number[] = [0.45, 1, 1.1, 1.1, 1.05, 0.95, 0.5];
