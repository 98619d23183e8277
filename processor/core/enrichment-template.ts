import type { Enrichment } from "./enrichment.ts";

/** In place of a template's number: it is for one span alone, and nothing that is made of it is worth keeping. */
export const ALONE = -1;

/** What is written on all spans of one kind: everything but their numbers. */
export interface EnrichmentTemplate {
  /** A small number of its own, from 0 on, by which others keep what they made of it; or ALONE. */
  readonly id: number;
  /** As it is written, with the numbers of the first span it was made for. */
  readonly enrichment: Enrichment;
  /** Keys of the values that each span has of its own, in their order; all of them are there on every span of the kind. */
  readonly numberKeys: readonly string[];
}

/** What was found of the spans of one request without reading more of them than the texts of calls that failed. */
export interface ColumnFindings {
  /** By span: what is written on it; null where nothing is. */
  readonly templates: readonly (EnrichmentTemplate | null)[];
  /** By span: where its values begin in `values`. */
  readonly firstValue: Int32Array;
  readonly values: Float64Array;
  /** Spans that have to be read by themselves, in their order. */
  readonly unread: readonly number[];
}
