import type { ErrorCategory } from "../categorization.ts";

/** What a status says alone. 52x and 530 are Cloudflare's, in front of an origin that it cannot reach. */
interface StatusRule {
  readonly name: string;
  readonly category: ErrorCategory;
  readonly statuses: readonly number[];
  readonly retryable?: boolean;
}

export const STATUS_RULES: readonly StatusRule[] = [
  { name: "status: rate limit", category: "rate_limit", statuses: [429] },
  { name: "status: overloaded", category: "model_overloaded", statuses: [529] },
  { name: "status: timeout", category: "timeout", statuses: [408, 504, 522, 524, 598, 599] },
  { name: "status: who you are", category: "auth", statuses: [401, 403, 407] },
  { name: "status: payment required", category: "quota_exceeded", statuses: [402] },
  { name: "status: nobody knows", category: "unknown", statuses: [418, 499] },
  { name: "status: conflict", category: "validation", statuses: [409], retryable: true },
  { name: "status: model failed", category: "api_error", statuses: [424] },
  { name: "status: wire", category: "network_error", statuses: [520, 521, 523, 525, 530] },
  { name: "status: certificate of the origin", category: "network_error", statuses: [526], retryable: false },
  { name: "status: not implemented", category: "api_error", statuses: [501], retryable: false },
];

/** Every status that no row lists. */
export const OTHER_STATUS_RULES = [
  { name: "status: other 4xx", category: "validation" },
  { name: "status: other 5xx", category: "api_error" },
] as const satisfies readonly Pick<StatusRule, "name" | "category">[];

export function statusRule(status: number): Pick<StatusRule, "name" | "category" | "retryable"> {
  return STATUS_RULES.find(({ statuses }) => statuses.includes(status)) ?? OTHER_STATUS_RULES[status < 500 ? 0 : 1];
}
