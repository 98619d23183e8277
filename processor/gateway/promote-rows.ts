import type { EnrichedSpan, Sink } from "../sinks/sink.ts";
import { heldRequestsOf } from "../storage/held-requests.ts";
import { withClient } from "../storage/with-client.ts";
import pg from "pg";

/**
 * Writes spans as model calls, then removes the plain rows that they had and notes that they are calls. A crash in between
 * leaves both, and whoever does it again finds the call there: it is counted once, and plain rows are in no total.
 */
export async function promoteRows(
  calls: readonly EnrichedSpan[],
  target: { readonly sink: Sink; readonly url: string; readonly schema: string },
): Promise<void> {
  await target.sink.write({ spanCount: calls.length, sizeBytes: 0, spans: calls, otlp: new Uint8Array() });
  const schema = pg.escapeIdentifier(target.schema);
  await withClient({ url: target.url, applicationName: "genai-otel" }, async (client) => {
    // The times are for the planner: they name the partitions.
    const starts = calls.map(({ span }) => span.startMs);
    await client.query(
      `delete from ${schema}.spans s using unnest($1::text[], $2::text[]) as promoted (trace_id, span_id)
       where s.trace_id = promoted.trace_id and s.span_id = promoted.span_id and s.created_at between $3 and $4`,
      [
        calls.map(({ span }) => span.traceId),
        calls.map(({ span }) => span.spanId),
        new Date(Math.min(...starts) - 1),
        new Date(Math.max(...starts) + 1),
      ],
    );
    await heldRequestsOf(schema).markPromoted(
      client,
      calls.map(({ span }) => span),
    );
  });
}
