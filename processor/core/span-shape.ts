import type { ShapeReading } from "./span-reading.ts";

/**
 * What spans have in common that were written by the same code for the same purpose: scope, kind, status, name, and the
 * attributes that the core reads, key by key in the same order with the same values, save for numbers. Services repeat a
 * few hundred of them all day, so what is read off the first span of a shape need not be read off the next.
 *
 * Whoever decodes spans may say which shape one has, if he is certain; a span without a shape is read attribute by attribute.
 */
export interface SpanShape {
  /** Keys of the numeric attributes, in the order in which `Span.numberAt` gives their values. */
  readonly numberKeys: readonly string[];
  /** What the core read off a span of this shape; the core's own. */
  reading: ShapeReading | null;
}
