import { enrichBatch } from "../../processor/core/enrich.ts";
import { enrichColumns } from "../../processor/core/enrich-columns.ts";
import type { EnrichContext } from "../../processor/core/enrich-context.ts";
import type { Enrichment } from "../../processor/core/enrichment.ts";
import { ColumnSpan } from "../../processor/core/quiet-span.ts";
import { SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../../processor/core/span-columns.ts";
import { detachedSpan, type Span } from "../../processor/core/span.ts";
import type { TraceMemory, TraceNode } from "../../processor/core/trace-memory.ts";

export interface Enriched {
  /** By span, in plain objects. */
  readonly found: readonly (Record<string, unknown> | null)[];
  /** Spans that were read by themselves. */
  readonly unread: number;
  /** Calls that failed in traces of which no other span was read. */
  readonly failed: number;
}

/** As a gateway does it: first the columns, then the spans that are left. */
export function enrichByColumns(columns: SpanColumns, spans: readonly Span[], context: EnrichContext): Enriched {
  const { templates, firstValue, values, unread } = enrichColumns(columns, context, (index) => spans[index] ?? null);
  const found = templates.map((template, index) => {
    if (template === null) return null;
    const own = template.numberKeys.map((key, offset) => [key, values[(firstValue[index] ?? 0) + offset] ?? Number.NaN]);
    return { ...template.enrichment, ...Object.fromEntries(own) } as Record<string, unknown>;
  });
  const failed = found.filter((enrichment) => enrichment?.["error_category"] !== undefined);
  const isAllThere = (index: number): boolean =>
    (columns.spans[index * SPAN_STRIDE + SPAN_COLUMN.shape] ?? -1) >= 0 && columns.spans[index * SPAN_STRIDE + SPAN_COLUMN.ownTexts] !== 1;
  const left = enrichBatch(
    unread.flatMap((index) => (isAllThere(index) ? new ColumnSpan(columns, index) : (spans[index] ?? []))),
    context,
  );
  for (const [place, index] of unread.entries()) found[index] = plain(left[place]);
  return { found, unread: unread.length, failed: failed.length };
}

/** Each span read attribute by attribute, as if nothing were known of its like. */
export function enrichBySpans(spans: readonly Span[], context: EnrichContext): Enriched {
  return { found: enrichBatch(spans.map(detachedSpan), context).map(plain), unread: spans.length, failed: 0 };
}

function plain(enrichment: Enrichment | null | undefined): Record<string, unknown> | null {
  return enrichment === null || enrichment === undefined ? null : { ...enrichment };
}

interface KnownTrace {
  readonly nodes: Readonly<Record<string, unknown>>;
  readonly orphans: readonly string[];
  readonly failures: number;
  readonly touchedMs: number;
}

/** All that a memory knows of a trace, its nodes by their ids: two memories that say the same go on the same. */
export function memoryOf(memory: TraceMemory, traceId: string): KnownTrace | undefined {
  const trace = memory.trace(traceId);
  if (trace === undefined) return undefined;
  const nodes: Record<string, unknown> = {};
  const add = (node: TraceNode): void => {
    if (nodes[node.spanId] !== undefined) return;
    nodes[node.spanId] = { ...node, ...links(node), children: node.children.map(({ spanId }) => spanId) };
    for (const other of [...node.children, node.parent]) if (other !== null) add(other);
  };
  for (const node of nodesOf(trace)) add(node);
  return { nodes, orphans: trace.orphans.map(({ spanId }) => spanId), failures: trace.failures, touchedMs: trace.touchedMs };
}

function links({ parent, claimedBy, repeats, repeatedBy }: TraceNode): Record<string, string | undefined> {
  return { parent: parent?.spanId, claimedBy: claimedBy?.spanId, repeats: repeats?.spanId, repeatedBy: repeatedBy?.spanId };
}

/** @see TraceNodes, which gives nobody all of them */
function nodesOf(trace: { readonly nodes: object }): readonly TraceNode[] {
  return (trace.nodes as { readonly nodes?: readonly TraceNode[] }).nodes ?? [];
}
