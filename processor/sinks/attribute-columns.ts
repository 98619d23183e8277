import type { Attributes, AttributeValue } from "../core/span.ts";
import { firstLabel } from "./label.ts";

/** Columns that come straight from the attributes that a span was sent with. */
export interface AttributeColumns {
  readonly userId: string | null;
  readonly conversationId: string | null;
  readonly agentName: string | null;
  readonly toolName: string | null;
  readonly httpStatus: number | null;
}

/** Where emitters write them: the convention first, then the dialects. The first key that has a value counts. */
export const ATTRIBUTE_COLUMN_KEYS = {
  userId: [
    "user.id",
    "enduser.id",
    "langfuse.user.id",
    "ai.telemetry.metadata.userId",
    "traceloop.association.properties.user_id",
    "gen_ai.user.id",
  ],
  conversationId: [
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "ai.telemetry.metadata.sessionId",
    "traceloop.association.properties.session_id",
  ],
  agentName: ["gen_ai.agent.name", "agent.name", "ai.telemetry.functionId"],
  toolName: ["gen_ai.tool.name", "tool.name", "ai.toolCall.name"],
  httpStatus: ["http.response.status_code", "http.status_code"],
} as const satisfies Record<keyof AttributeColumns, readonly string[]>;

export function readAttributeColumns(attributes: Attributes): AttributeColumns {
  return {
    userId: firstLabel(attributes, ATTRIBUTE_COLUMN_KEYS.userId),
    conversationId: firstLabel(attributes, ATTRIBUTE_COLUMN_KEYS.conversationId),
    agentName: firstLabel(attributes, ATTRIBUTE_COLUMN_KEYS.agentName),
    toolName: firstLabel(attributes, ATTRIBUTE_COLUMN_KEYS.toolName),
    httpStatus: firstHttpStatus(attributes),
  };
}

function firstHttpStatus(attributes: Attributes): number | null {
  for (const key of ATTRIBUTE_COLUMN_KEYS.httpStatus) {
    const status = httpStatusOf(attributes[key]);
    if (status !== null) return status;
  }
  return null;
}

export function httpStatusOf(value: AttributeValue | undefined): number | null {
  const status = typeof value === "number" || typeof value === "string" ? Number(value) : 0;
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : null;
}
