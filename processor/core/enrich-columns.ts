import type { EnrichContext } from "./enrich-context.ts";
import type { ColumnFindings } from "./enrichment-template.ts";
import { QuietColumns, type ReadTexts } from "./quiet-columns.ts";
import type { SpanColumns } from "./span-columns.ts";

/**
 * Enriches what of a request needs no span to be read by itself: traces of which nothing was known before, whose spans are all
 * recognised, in which nothing failed but calls of which it is plain who repeats them. What is found equals what `enrichBatch` finds of
 * the same spans, which is to be given those that are left, in the same context. `read` gives the texts of a span that failed.
 * The answer is good until the next request.
 */
export function enrichColumns(columns: SpanColumns, context: EnrichContext, read: ReadTexts): ColumnFindings {
  const { memory } = context;
  return (memory.quiet ?? memory.keepQuiet(new QuietColumns(context))).enrich(columns, context, read);
}
