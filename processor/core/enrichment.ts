import type { AttributeScalar } from "./span.ts";

/**
 * What enrichment adds to one span: attributes to set, replacing any of the same key. null for a span that is not of
 * GenAI and gets nothing. Built with a null prototype.
 */
export type Enrichment = Readonly<Record<string, AttributeScalar>>;
