import type pg from "pg";
import { detachedSpan, type Span } from "../core/span.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";

export interface SpanKey {
  readonly traceId: string;
  readonly spanId: string;
}

/** A request that a process held which is no more, or one that becomes a call. */
export interface HeldRequest {
  readonly span: Span;
  /** Every gateway has had time to hear that it becomes a call. */
  readonly announced: boolean;
  /** UTF-8 of a JSON object. */
  readonly attributesJson: Uint8Array;
}

/** Taken over at one time; the others wait for the next round. */
const ORPHANS_MAX = 500;
const PROMOTED_MAX = 5000;
/** A request is told as promoted for as long as gateways remember its trace. */
export const PROMOTED_KEPT_MS = 10 * 60_000;

/** SQL on genai.held_requests; every function takes a client and leaves transactions to its caller. */
export function heldRequestsOf(schema: string) {
  const table = `${schema}.held_requests`;
  const keys = `unnest($1::text[], $2::text[]) as k (trace_id, span_id)`;
  const isKey = "h.trace_id = k.trace_id and h.span_id = k.span_id";
  return {
    /** In the transaction that stores the spans. */
    async hold(client: pg.ClientBase, spans: readonly EnrichedSpan[]): Promise<void> {
      // The bytes of each are good until the next is asked for.
      const attributes = spans.map(({ attributesJson }) => Buffer.from(attributesJson).toString("utf8"));
      await client.query(
        `insert into ${table} (trace_id, span_id, started_at, span, attributes)
         select trace_id, span_id, to_timestamp(started_ms / 1000), span, attributes
         from unnest($1::text[], $2::text[], $3::float8[], $4::text[], $5::text[]) as n (trace_id, span_id, started_ms, span, attributes)
         order by 1, 2 on conflict do nothing`,
        [
          ...columnsOf(spans.map(({ span }) => span)),
          spans.map(({ span }) => span.startMs),
          spans.map(({ span }) => JSON.stringify(detachedSpan(span))),
          attributes,
        ],
      );
    },

    /** Says that a living process has these. */
    async touch(client: pg.ClientBase, held: readonly SpanKey[]): Promise<void> {
      if (held.length > 0)
        await client.query(`update ${table} h set seen_at = now() from ${keys} where ${isKey} and promoted_at is null`, columnsOf(held));
    },

    /** A GenAI span stands for these. */
    async release(client: pg.ClientBase, claimed: readonly SpanKey[]): Promise<void> {
      if (claimed.length > 0)
        await client.query(`delete from ${table} h using ${keys} where ${isKey} and promoted_at is null`, columnsOf(claimed));
    },

    /** Says that these become calls. */
    async announce(client: pg.ClientBase, requests: readonly SpanKey[]): Promise<void> {
      await client.query(
        `update ${table} h set announced_at = coalesce(announced_at, now()) from ${keys} where ${isKey}`,
        columnsOf(requests),
      );
    },

    async markPromoted(client: pg.ClientBase, promoted: readonly SpanKey[]): Promise<void> {
      await client.query(
        `update ${table} h set promoted_at = coalesce(promoted_at, now()) from ${keys} where ${isKey}`,
        columnsOf(promoted),
      );
    },

    /** Requests that nobody has said to hold for `silentMs`, oldest first; not those that were announced less than `heardMs` ago. */
    async orphans(client: pg.ClientBase, silentMs: number, heardMs: number): Promise<HeldRequest[]> {
      const { rows } = await client.query<HeldRow>(
        `select span, attributes, announced_at is not null as announced from ${table}
         where promoted_at is null and seen_at < now() - $1::float8 * interval '1 millisecond'
           and (announced_at is null or announced_at < now() - $2::float8 * interval '1 millisecond') order by seen_at limit $3`,
        [silentMs, heardMs, ORPHANS_MAX],
      );
      return rows.map(requestOf);
    },

    /** Requests that became calls, or were announced to, since `sinceMs` of the server's clock; and that clock's time. */
    async promotedSince(client: pg.ClientBase, sinceMs: number): Promise<{ readonly requests: HeldRequest[]; readonly nowMs: number }> {
      const { rows: clock } = await client.query<{ now_ms: number }>("select extract(epoch from now())::float8 * 1000 as now_ms");
      const { rows } = await client.query<HeldRow>(
        `select span, attributes, true as announced from ${table} where coalesce(announced_at, promoted_at) >= to_timestamp($1::float8 / 1000)
         order by coalesce(announced_at, promoted_at) desc limit $2`,
        [sinceMs, PROMOTED_MAX],
      );
      return { requests: rows.map(requestOf), nowMs: clock[0]?.now_ms ?? 0 };
    },

    async forgetPromoted(client: pg.ClientBase): Promise<void> {
      await client.query(`delete from ${table} where promoted_at < now() - $1::float8 * interval '1 millisecond'`, [PROMOTED_KEPT_MS]);
    },
  };
}

export type HeldRequests = ReturnType<typeof heldRequestsOf>;

interface HeldRow {
  readonly span: string;
  readonly attributes: string;
  readonly announced: boolean;
}

const columnsOf = (keys: readonly SpanKey[]): [string[], string[]] => [
  keys.map(({ traceId }) => traceId),
  keys.map(({ spanId }) => spanId),
];

const requestOf = ({ span, attributes, announced }: HeldRow): HeldRequest => ({
  span: JSON.parse(span) as Span,
  announced,
  attributesJson: Buffer.from(attributes),
});
