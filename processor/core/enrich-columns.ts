import type { EnrichContext } from "./enrich-context.ts";
import type { ColumnFindings } from "./enrichment-template.ts";
import { QuietColumns } from "./quiet-columns.ts";
import type { SpanColumns } from "./span-columns.ts";

/**
 * Enriches what of a request needs no span to be read by itself: traces of which nothing was known before, whose spans are all
 * recognised, in which nothing failed and nothing was repeated. What is found equals what `enrichBatch` finds of the same spans,
 * which is to be given those that are left, in the same context. Its answer is good until the next request.
 */
export function enrichColumns(columns: SpanColumns, context: EnrichContext): ColumnFindings {
  const { memory } = context;
  return (memory.quiet ?? memory.keepQuiet(new QuietColumns(context))).enrich(columns, context);
}
