import type pg from "pg";
import { OWN } from "../core/attributes.ts";
import { SPAN_KIND, STATUS, type Attributes, type Span } from "../core/span.ts";

/** Rows of one question; traces with more are agents that ran for hours, of which the newest tell enough. */
const ROWS_MAX = 20_000;
/** A call may begin so long before its request and end so long after. */
const AROUND_MS = 3_600_000;

export interface TracesAsked {
  readonly traceIds: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** The GenAI spans of some traces as the core reads spans, with what was decided of each: whether it stands for a call. */
export function storedGenAiSpans(client: pg.ClientBase, schema: string, asked: TracesAsked): Promise<Span[]> {
  return query(client, `select ${COLUMNS}, 'client' as kind, llm_call from ${schema}.llm_traces`, asked);
}

/** Their other spans. */
export function storedPlainSpans(client: pg.ClientBase, schema: string, asked: TracesAsked): Promise<Span[]> {
  return query(client, `select ${COLUMNS}, kind, null::boolean as llm_call from ${schema}.spans`, asked);
}

const COLUMNS = `trace_id, span_id, parent_span_id, name, extract(epoch from created_at)::float8 * 1000 as start_ms, duration_ms,
  service_name, environment, scope_name, status, error_message, attributes`;

interface StoredRow {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string | null;
  readonly name: string;
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly service_name: string | null;
  readonly environment: string | null;
  readonly scope_name: string | null;
  readonly status: string;
  readonly error_message: string | null;
  readonly attributes: Record<string, Attributes[string]>;
  readonly kind: string;
  readonly llm_call: boolean | null;
}

async function query(client: pg.ClientBase, select: string, { traceIds, fromMs, toMs }: TracesAsked): Promise<Span[]> {
  const { rows } = await client.query<StoredRow>(
    `${select} where trace_id = any($1) and created_at between to_timestamp($2::float8 / 1000) and to_timestamp($3::float8 / 1000)
     order by created_at desc limit ${ROWS_MAX}`,
    [traceIds, fromMs - AROUND_MS, toMs + AROUND_MS],
  );
  return rows.map(spanOf);
}

function spanOf(row: StoredRow): Span {
  const attributes: Record<string, Attributes[string]> = Object.assign(Object.create(null), row.attributes);
  if (row.llm_call !== null) attributes[OWN.llmCall] = row.llm_call;
  return {
    traceId: row.trace_id,
    spanId: row.span_id,
    parentSpanId: row.parent_span_id ?? "",
    name: row.name,
    kind: SPAN_KIND[row.kind as keyof typeof SPAN_KIND] ?? SPAN_KIND.unspecified,
    startMs: row.start_ms,
    endMs: row.start_ms + row.duration_ms,
    statusCode: row.status === "failed" ? STATUS.error : STATUS.unset,
    statusMessage: row.error_message ?? "",
    scopeName: row.scope_name ?? "",
    scopeVersion: "",
    attributes,
    events: [],
    resource: { "service.name": row.service_name ?? "", "deployment.environment.name": row.environment ?? "" },
  };
}
