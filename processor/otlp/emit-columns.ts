import type { BufferPool } from "../buffer-pool.ts";
import { ALONE, type ColumnFindings, type EnrichmentTemplate } from "../core/enrichment-template.ts";
import type { Enrichment } from "../core/enrichment.ts";
import { type ColumnShape, MARK_COLUMN, MARK_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import type { RequestWriter } from "../kernel/request-writer.ts";
import { type AttributeEncoder, WRITTEN_KEYS } from "./attribute-encoder.ts";
import { ByteWriter } from "./byte-writer.ts";
import { planCuts } from "./emit-request.ts";
import { type CountLabels, countLabels, type EnrichmentTally } from "./enrichment-counts.ts";
import type { UnreadSpans } from "./scan-unread.ts";
import { ScannedSpan } from "./scanned-span.ts";
import { encodeTemplate, enrichmentOf } from "./span-template.ts";
import { WireReader } from "./wire-reader.ts";

/** A request whose spans are enriched by two ways. */
export interface ColumnRequest {
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
  readonly findings: ColumnFindings;
  /** The spans that were enriched one by one, and what was found of each; null where there are none. */
  readonly unread: UnreadSpans | null;
  readonly enrichments: readonly (Enrichment | null)[];
}

/** A template as the kernel has it. */
interface KnownTemplate {
  readonly template: EnrichmentTemplate;
  readonly shape: ColumnShape | undefined;
  /** 0: there was no room for it. */
  readonly address: number;
  readonly labels: CountLabels;
}

/** Of one request; after a larger one it is made anew. */
const ADDED_BYTES_KEPT_MAX = 1024 * 1024;

/**
 * Writes requests of recognised spans. What each span gets is noted here, as a template with numbers or as bytes; the kernel
 * has the request and puts it together.
 */
export class ColumnEmitter {
  private readonly writer: RequestWriter;
  private readonly encoder: AttributeEncoder;
  /** By the template's id. */
  private known: (KnownTemplate | undefined)[] = [];
  private readonly labels: (Pick<KnownTemplate, "template" | "labels"> | undefined)[] = [];
  private added = new ByteWriter(ADDED_BYTES_KEPT_MAX >> 2);
  private readonly cuts: number[] = [];

  constructor(writer: RequestWriter, encoder: AttributeEncoder) {
    this.writer = writer;
    this.encoder = encoder;
  }

  /**
   * The bytes of the request that was recognised last, with everything that was found, byte for byte as `emitRequest` writes
   * them; the body itself where nothing changes. What is found is counted in `tally`.
   */
  emit(request: ColumnRequest, tally: EnrichmentTally, pool?: BufferPool): Uint8Array {
    const { body, columns, findings, unread } = request;
    this.begin(columns.spanCount);
    const valuesEnd = this.noteTemplates(request, tally);
    if (unread !== null) this.noteUnread(request, unread);
    const length = this.writer.plan(columns.spanCount, body.length, findings.values.subarray(0, valuesEnd));
    if (length < 0) return body;
    const otlp = pool?.take(length) ?? Buffer.allocUnsafeSlow(length);
    this.writer.write(otlp, this.added.written());
    return otlp;
  }

  /** Only counts what `emit` would. */
  count({ columns, findings }: ColumnRequest, tally: EnrichmentTally): void {
    for (let span = 0; span < columns.spanCount; span++) {
      const template = findings.templates[span] ?? null;
      if (template === null) continue;
      const before = this.labels[template.id];
      if (template.id === ALONE) tally.add(countLabels(template.enrichment));
      else if (before !== undefined && before.template === template) tally.add(before.labels);
      else {
        const labels = countLabels(template.enrichment);
        this.labels[template.id] = { template, labels };
        tally.add(labels);
      }
    }
  }

  private begin(spanCount: number): void {
    if (this.added.capacity > ADDED_BYTES_KEPT_MAX) this.added = new ByteWriter(ADDED_BYTES_KEPT_MAX >> 2);
    this.added.length = 0;
    if (!this.writer.begin(spanCount)) this.known = [];
  }

  /** Answers where the values end. */
  private noteTemplates(request: ColumnRequest, tally: EnrichmentTally): number {
    const { templates, firstValue } = request.findings;
    const { spanCount } = request.columns;
    let valuesEnd = 0;
    for (let span = 0; span < spanCount; span++) {
      const template = templates[span] ?? null;
      if (template === null) continue;
      if (template.id === ALONE) {
        tally.add(countLabels(template.enrichment));
        this.noteByItself(template, request, span);
        continue;
      }
      const known = this.knownOf(template, request, span);
      tally.add(known.labels);
      const first = firstValue[span] ?? 0;
      valuesEnd = Math.max(valuesEnd, first + template.numberKeys.length);
      if (known.address > 0) this.writer.fill(span, known.address, first);
      else this.noteByItself(template, request, span);
    }
    return valuesEnd;
  }

  private knownOf(template: EnrichmentTemplate, request: ColumnRequest, span: number): KnownTemplate {
    const { columns, body } = request;
    const shape = columns.shapes[columns.spans[span * SPAN_STRIDE + SPAN_COLUMN.shape] ?? 0];
    const before = this.known[template.id];
    if (before !== undefined && before.template === template && before.shape === shape) return before;
    const bytes = encodeTemplate(template, columns, span, { encoder: this.encoder, reader: new WireReader(body) });
    const known = { template, shape, address: this.writer.addTemplate(bytes), labels: countLabels(template.enrichment) };
    this.known[template.id] = known;
    return known;
  }

  /** A template of one span, or that found no room, is written out. */
  private noteByItself(template: EnrichmentTemplate, { columns, body, findings }: ColumnRequest, span: number): void {
    const enrichment = enrichmentOf(template, findings.values, findings.firstValue[span] ?? 0);
    this.beginSpan();
    this.cutMarks(columns, span, enrichment, new WireReader(body));
    this.noteAdded(span, enrichment);
  }

  private noteUnread({ body, columns, enrichments }: ColumnRequest, { scan, spans, places, rejected }: UnreadSpans): void {
    const reader = new WireReader(body);
    for (let index = 0; index < places.length; index++) {
      const enrichment = enrichments[index] ?? null;
      if (enrichment === null) continue;
      const span = spans[index];
      const place = places[index] ?? 0;
      this.beginSpan();
      if (scan !== null && span instanceof ScannedSpan) planCuts(scan, span, enrichment, { cuts: this.cuts, encoder: this.encoder });
      else this.cutMarks(columns, place, enrichment, reader);
      this.noteAdded(place, enrichment);
    }
    for (const place of rejected) this.writer.refuse(place);
  }

  private beginSpan(): void {
    this.encoder.begin();
    this.cuts.length = 0;
  }

  /** Notes the attributes of a recognised span that make room for new ones. */
  private cutMarks({ spans, marks }: SpanColumns, span: number, enrichment: Enrichment, reader: WireReader): void {
    const end = spans[span * SPAN_STRIDE + SPAN_COLUMN.endMark] ?? 0;
    for (let mark = spans[span * SPAN_STRIDE + SPAN_COLUMN.firstMark] ?? 0; mark < end; mark++) {
      const at = mark * MARK_STRIDE;
      const writtenIndex = marks[at + MARK_COLUMN.writtenIndex] ?? 0;
      const value = enrichment[WRITTEN_KEYS[writtenIndex] ?? ""];
      if (value === undefined) continue;
      const place = { start: marks[at + MARK_COLUMN.valueStart] ?? 0, end: marks[at + MARK_COLUMN.end] ?? 0 };
      if (!this.encoder.keeps(writtenIndex, value, reader, place)) this.cuts.push(marks[at + MARK_COLUMN.start] ?? 0, place.end);
    }
  }

  private noteAdded(span: number, enrichment: Enrichment): void {
    const { added, cuts } = this;
    const start = added.length;
    this.encoder.encode(enrichment, added);
    if (added.length > start || cuts.length > 0) this.writer.change(span, { start, end: added.length }, cuts);
  }
}
