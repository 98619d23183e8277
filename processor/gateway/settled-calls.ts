import pg from "pg";
import type { EnrichContext } from "../core/enrich-context.ts";
import { type TraceMemory, UNSEEN } from "../core/trace-memory.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import { heldRequestsOf, type SpanKey } from "../storage/held-requests.ts";
import { withClient } from "../storage/with-client.ts";
import { keyTextOf } from "./judge-orphans.ts";
import { judgeStored } from "./judge-stored.ts";

export interface SettledCallsOptions {
  readonly databaseUrl: string;
  readonly schema: string;
  /** All spans are stored, so that what stands between a call and its request is known. */
  readonly storesAllSpans: boolean;
  /** With the memory of this process. */
  readonly context: () => EnrichContext;
  /** Makes rows of model calls out of rows of plain spans. */
  readonly promote: (calls: readonly EnrichedSpan[]) => Promise<void>;
}

/** The database's part in requests that become calls: what every gateway has to hear of, and to have its say in. */
export interface SettledCalls {
  /** Tells every gateway that these become calls. */
  announce(requests: readonly SpanKey[]): Promise<void>;
  /** Writes those for which no other gateway has stored a GenAI span meanwhile. */
  store(calls: readonly EnrichedSpan[]): Promise<void>;
}

export function settledCalls({ databaseUrl: url, schema, storesAllSpans, context, promote }: SettledCallsOptions): SettledCalls {
  const held = heldRequestsOf(pg.escapeIdentifier(schema));
  const connection = { url, applicationName: "genai-otel held requests" };

  async function stillCalls(client: pg.Client, calls: readonly EnrichedSpan[]): Promise<readonly EnrichedSpan[]> {
    const { memory, prices } = context();
    const requests = calls.map(({ span, attributesJson }) => ({ span, attributesJson, announced: true }));
    const verdict = await judgeStored(client, requests, { schema, storesAllSpans, prices });
    const strange = verdict.genAi.filter(({ traceId, spanId }) => !knows(memory, traceId, spanId));
    const traces = new Set(strange.map(({ traceId }) => traceId));
    const certain = new Set([...verdict.calls, ...verdict.written].map(({ span }) => keyTextOf(span)));
    // The memory knows more of a trace than what is stored of it, unless spans of it went another way.
    return calls.filter(({ span }) => !traces.has(span.traceId) || certain.has(keyTextOf(span)));
  }

  return {
    announce: (requests) => withClient(connection, (client) => held.announce(client, requests)),
    async store(calls) {
      const certain = await withClient(connection, (client) => stillCalls(client, calls));
      if (certain.length > 0) await promote(certain);
    },
  };
}

function knows(memory: TraceMemory, traceId: string, spanId: string): boolean {
  const node = memory.trace(traceId)?.nodes.get(spanId);
  return node !== undefined && node.note !== UNSEEN;
}
