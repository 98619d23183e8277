import type { EnrichContext } from "./enrich-context.ts";
import { createQuietShape, type QuietShape } from "./quiet-shape.ts";
import { ColumnSpan } from "./quiet-span.ts";
import type { SpanColumns } from "./span-columns.ts";
import type { SpanShape } from "./span-shape.ts";

/** More than a recogniser keeps; beyond it all are forgotten. */
const SHAPES_MAX = 8_192;

/** What is known of the shapes of spans, by their place in the columns. */
export interface QuietShapes {
  /** The shape of that index; `span` is one of it. */
  of(shape: number, columns: SpanColumns, span: number, context: EnrichContext): QuietShape | undefined;
}

export function createQuietShapes(): QuietShapes {
  const byIndex: (QuietShape | undefined)[] = [];
  const byShape = new Map<SpanShape, QuietShape>();
  return {
    of(index, columns, span, context) {
      const column = columns.shapes[index];
      const known = byIndex[index];
      if (column === undefined || (known !== undefined && known.column === column)) return known;
      const before = byShape.get(column.shape);
      if (byShape.size >= SHAPES_MAX) byShape.clear();
      const shape =
        before === undefined ? createQuietShape(column, new ColumnSpan(columns, span), context) : { ...before, column, number: -1 };
      byShape.set(column.shape, shape);
      byIndex[index] = shape;
      return shape;
    },
  };
}
