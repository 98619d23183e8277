import { ERROR_CATEGORIES, type ErrorCategory } from "../processor/core/categorization.ts";
import type { ErrorRule } from "../processor/core/errors/error-rule.ts";
import { RETRYABLE } from "../processor/core/errors/retryable.ts";
import { IMPLIED, NAMED, VAGUE } from "../processor/core/errors/rule-table.ts";
import { OTHER_STATUS_RULES, STATUS_RULES } from "../processor/core/errors/status-rules.ts";
import { SUGGESTED_ACTIONS, SUGGESTED_WAIT_MS } from "../processor/core/suggested-action.ts";

/** docs/errors.md: the rule sheet of error categories, from the tables that decide. */
export function renderErrorsDoc(): string {
  return [
    "# Error categories",
    "",
    "<!-- Written by `npm run docs` from processor/core/errors/. -->",
    "",
    ...INTRODUCTION,
    ...renderCategories(),
    ...HOW_EVIDENCE_IS_BELIEVED,
    ...renderRules("Complaints that are named", "Looked for first, in this order, and only what is the complaint itself counts.", NAMED),
    ...renderRules(
      "Complaints that are implied",
      "A class or a phrase that names the family only. Looked for when nothing is named.",
      IMPLIED,
    ),
    ...renderStatuses(),
    ...renderRules("Last resort", "Wrapper classes and general words, weaker than a status.", VAGUE),
    ...FIXED_DECISIONS,
    "",
  ].join("\n");
}

const INTRODUCTION = [
  "Every failed GenAI span gets `error_category`, one of nine words, `error_retryable`, and where a pause makes sense",
  "`error_retry_after_ms`. The same rules stand behind `genai-otel categorize`, which also names the rule that decided:",
  "",
  "```console",
  `$ echo '{"status":429,"message":"You exceeded your current quota, please check your plan and billing details."}' | genai-otel categorize`,
  '{"category":"quota_exceeded","retryable":false,"retryDelayMs":null,"rule":"money: plan and billing"}',
  "```",
  "",
  "The names of rules are stable: a wrong label is traced to one row of a table in `processor/core/errors/rules/`, and mended there.",
];

function renderCategories(): string[] {
  const rows = ERROR_CATEGORIES.map((category) => {
    const waitMs = SUGGESTED_WAIT_MS[category];
    return `| \`${category}\` | ${RETRYABLE[category] ? "yes" : "no"} | ${waitMs === null ? "" : `${waitMs / 1000} s`} | ${SUGGESTED_ACTIONS[category]} |`;
  });
  return ["", "## What to do", "", "| category | worth a retry | suggested pause | what to do |", "| --- | --- | --- | --- |", ...rows];
}

const HOW_EVIDENCE_IS_BELIEVED = [
  "",
  "Retryable means: the same request of the same account has a fair chance within the stated wait (up to an hour) or, if none is",
  "stated, within minutes. Rows below that differ from their category say so. A used-up quota is worth a retry only when the provider",
  "states a wait of at most an hour; a rate limit is not when the request alone exceeds it.",
  "",
  "## How evidence is believed",
  "",
  "1. All that a failure carries is read: status, `error.type`, codes, message, JSON inside the message (also as a Python repr), the",
  "   provider's body at any depth, exception events, headers, the chain of causes, the HTTP request below a span.",
  '2. The innermost cause is judged before what wraps it. "fetch failed", `APIConnectionError`, "Provider returned error", `RetryError` say nothing',
  "   as long as something beneath them does.",
  "3. A complaint that is named beats one that is only implied, that beats the bare status, and that beats wrapper classes such as",
  "   `InternalServerError`, which SDKs throw for every 5xx.",
  "4. Within a step the order is: cancelled, money, capacity, rate, clock, own machine, identity, request, wire, server. Only a part of the",
  '   provider that is away goes before them all, because it is named after what they look for: "credit service unavailable".',
  "5. A word counts only where it is the complaint. Links, quoted prompts, names of parameters and fields, and the echo of the request in a",
  '   body (`input`, `param`, `messages`) are passed over: a limit of "tokens per min ... Requested 1280" is no context length.',
  "6. A sentence or a code that no pattern quotes is read by its words: what it speaks of (a key, money, a limit, the wire) and what it says of it",
  "   (expired, used up, exceeded, closed), in twenty languages. `processor/core/errors/clause-words.ts` and `script-words.ts` are that",
  '   vocabulary; the rules named "words of ..." are its families.',
  "",
  "The wait is what the provider states: `retry-after-ms`, `retry-after` in seconds or as a date (held against the answer's own `date`),",
  '`google.rpc.RetryInfo`, `retry_after` in a body, "try again in 6m0s", `estimated_time`. Reset times of rate limit headers are not waits.',
];

function renderRules(title: string, about: string, rules: readonly ErrorRule[]): string[] {
  const rows = rules.map((rule) => `| ${rule.name} | \`${rule.category}\` | ${retryNote(rule)} | ${quoted(rule.example)} |`);
  return ["", `## ${title}`, "", about, "", "| rule | category | retry | example |", "| --- | --- | --- | --- |", ...rows];
}

function renderStatuses(): string[] {
  const rows = [...STATUS_RULES, ...OTHER_STATUS_RULES].map(
    (rule) =>
      `| ${rule.name} | ${"statuses" in rule ? rule.statuses.join(", ") : "any other"} | \`${rule.category}\` | ${retryNote(rule)} |`,
  );
  return [
    "",
    "## The bare status",
    "",
    "Also where only the text or `error.type` states it.",
    "",
    "| rule | statuses | category | retry |",
    "| --- | --- | --- | --- |",
    ...rows,
  ];
}

/** Only where a row differs from its category. */
function retryNote({ category, retryable }: { category: ErrorCategory; retryable?: boolean }): string {
  return retryable === undefined || retryable === RETRYABLE[category] ? "" : retryable ? "yes" : "no";
}

function quoted(example: string): string {
  return `\`${example.replaceAll("|", "\\|").replaceAll("`", "'")}\``;
}

const FIXED_DECISIONS = [
  "",
  "## Decisions where experts differ",
  "",
  "- 429 with `insufficient_quota`, a plan or billing: `quota_exceeded`. Gemini words per-minute limits as a quota of the plan: a `quotaId` PerMinute or",
  '  "Please retry in 22s" makes it `rate_limit`; PerDay, `limit: 0` or neither leaves it `quota_exceeded`. Bare RESOURCE_EXHAUSTED is `rate_limit`.',
  "- Tokens or requests per day (TPD, RPD) are `quota_exceeded`, even with the code `rate_limit_exceeded` or a `ThrottlingException`.",
  "- A bare 503 is `api_error`; with words of load, loading or capacity it is `model_overloaded`.",
  "- 403 about credits, a key's spending cap or a payment instrument is `quota_exceeded`; 403 about flagged content is `validation`.",
  '- "does not exist or you do not have access to it" is `validation`; "project does not have access to model" is `auth`. 400 about a key, a region or an',
  "  unverified organization is `auth`.",
  "- `AbortSignal.timeout` and .NET's `HttpClient.Timeout` are `timeout`; an SDK that hides its own timeout in a bare AbortError is `unknown`.",
  '- A `TimeoutError` over ECONNRESET or "socket hang up" (AWS SDK) is `network_error`.',
  "- LiteLLM reports Anthropic's 529 as 500: its message, or the status of the HTTP request below the span, is believed instead.",
  "- An unusable model output (no object generated, a tool call that does not parse) is `validation`; an empty one is `unknown`.",
  "- `model_overloaded` is for models: a database without free connections is `api_error`. A card declined for the end user is `validation`.",
];
