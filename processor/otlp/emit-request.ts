import type { BufferPool } from "../buffer-pool.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { AttributeEncoder } from "./attribute-encoder.ts";
import { ByteWriter, varintSize } from "./byte-writer.ts";
import type { RequestScan } from "./request-scan.ts";
import type { ScannedSpan } from "./scanned-span.ts";

/** How the bytes of a request change, by index in `regions`. */
interface Edits {
  /** Bytes by which a region's content grows. */
  growth: Int32Array;
  /** UNCHANGED, CHANGED within, REJECTED, or ENRICHED + the index of its span in `spans`. */
  action: Int32Array;
  /** Pairs of start and end of the attributes that are cut out, in the order of the bytes. */
  cuts: number[];
  /** By span: where its cuts end in `cuts`, and its new attributes in `added`. */
  cutsEnd: Int32Array;
  addedEnd: Int32Array;
  added: ByteWriter;
  changed: boolean;
}

const UNCHANGED = 0;
const CHANGED = 1;
const REJECTED = 2;
const ENRICHED = 3;
/** What one request needed and the next one finds; after a larger one it is made anew. */
const ADDED_BYTES_KEPT_MAX = 1024 * 1024;
const TABLE_KEPT_MAX = 32 * 1024;
const TABLE_GUESS = 1024;
/** A length that grows takes at most as many bytes more. */
const LENGTH_GROWTH_BYTES_MAX = 4;

/**
 * The request's bytes with every enriched span's attributes appended, older ones of the same keys cut out where they say
 * something else, refused spans cut out, and the lengths around them corrected; every other byte as it came. Where nothing
 * changes, the body itself; else memory of the pool, where there is one.
 */
export function emitRequest(
  scan: RequestScan,
  enrichments: readonly (Enrichment | null)[],
  encoder: AttributeEncoder,
  pool?: BufferPool,
): Uint8Array {
  const edits = planEdits(scan, enrichments, encoder);
  const { regions, reader } = scan;
  const source = reader.bytes;
  if (!edits.changed) return source;
  const bytesMax = source.length + edits.added.length + regions.count * LENGTH_GROWTH_BYTES_MAX;
  const out = new ByteWriter(bytesMax, pool?.take(bytesMax));
  let cursor = 0;
  for (let index = 0; index < regions.count; index++) {
    const action = edits.action[index] ?? UNCHANGED;
    if (action === UNCHANGED) continue;
    if (action === REJECTED) {
      out.slice(source, cursor, regions.tagStart(index));
      cursor = regions.end(index);
      continue;
    }
    const start = regions.start(index);
    out.slice(source, cursor, regions.lengthStart(index));
    out.varint(regions.end(index) - start + (edits.growth[index] ?? 0));
    cursor = action === CHANGED ? start : emitSpan(scan, edits, action - ENRICHED, out);
  }
  out.slice(source, cursor, source.length);
  return out.written();
}

/** Writes a span's content and answers where it ends in the source. */
function emitSpan(scan: RequestScan, edits: Edits, index: number, out: ByteWriter): number {
  const source = scan.reader.bytes;
  const region = spanAt(scan, index).region;
  const end = scan.regions.end(region);
  let cursor = scan.regions.start(region);
  const cutsEnd = edits.cutsEnd[index] ?? 0;
  for (let cut = index === 0 ? 0 : (edits.cutsEnd[index - 1] ?? 0); cut < cutsEnd; cut += 2) {
    const cutStart = edits.cuts[cut] ?? 0;
    if (cutStart > cursor) out.slice(source, cursor, cutStart);
    cursor = edits.cuts[cut + 1] ?? 0;
  }
  out.slice(source, cursor, end);
  out.slice(edits.added.written(), index === 0 ? 0 : (edits.addedEnd[index - 1] ?? 0), edits.addedEnd[index] ?? 0);
  return end;
}

/** Of the request before: memory of its own would cost each more than its edits do. Used between begin and end of one call. */
const EDITS: Edits = {
  growth: new Int32Array(TABLE_GUESS),
  action: new Int32Array(TABLE_GUESS),
  cuts: [],
  cutsEnd: new Int32Array(TABLE_GUESS),
  addedEnd: new Int32Array(TABLE_GUESS),
  added: new ByteWriter(ADDED_BYTES_KEPT_MAX >> 2),
  changed: false,
};

function planEdits(scan: RequestScan, enrichments: readonly (Enrichment | null)[], encoder: AttributeEncoder): Edits {
  const { regions, spans, rejected } = scan;
  const edits = beginEdits(regions.count);
  for (let index = 0; index < spans.length; index++) {
    const enrichment = enrichments[index] ?? null;
    if (enrichment !== null) planSpan(scan, edits, { index, enrichment }, encoder);
    edits.cutsEnd[index] = edits.cuts.length;
    edits.addedEnd[index] = edits.added.length;
  }
  for (const region of rejected) edits.action[region] = REJECTED;
  edits.changed ||= rejected.length > 0;
  if (edits.changed) passUp(scan, edits);
  return edits;
}

/** There are at least as many regions as spans. */
function beginEdits(regions: number): Edits {
  if (regions > EDITS.growth.length || EDITS.growth.length > TABLE_KEPT_MAX) {
    const size = Math.max(regions, TABLE_GUESS);
    EDITS.growth = new Int32Array(size);
    EDITS.action = new Int32Array(size);
    EDITS.cutsEnd = new Int32Array(size);
    EDITS.addedEnd = new Int32Array(size);
  } else {
    EDITS.growth.fill(0, 0, regions);
    EDITS.action.fill(0, 0, regions);
  }
  EDITS.cuts.length = 0;
  if (EDITS.added.capacity > ADDED_BYTES_KEPT_MAX) EDITS.added = new ByteWriter(ADDED_BYTES_KEPT_MAX >> 2);
  EDITS.added.length = 0;
  EDITS.changed = false;
  return EDITS;
}

function planSpan(
  scan: RequestScan,
  edits: Edits,
  { index, enrichment }: { index: number; enrichment: Enrichment },
  encoder: AttributeEncoder,
): void {
  const scanned = spanAt(scan, index);
  const before = edits.added.length;
  encoder.begin();
  const cutBytes = planCuts(scan, scanned, enrichment, { cuts: edits.cuts, encoder });
  encoder.encode(enrichment, edits.added);
  const addedBytes = edits.added.length - before;
  if (addedBytes === 0 && cutBytes === 0) return;
  edits.changed = true;
  edits.growth[scanned.region] = addedBytes - cutBytes;
  edits.action[scanned.region] = ENRICHED + index;
}

/** Notes the attributes that make room for new ones, and answers their bytes. */
export function planCuts(
  scan: RequestScan,
  scanned: ScannedSpan,
  enrichment: Enrichment,
  { cuts, encoder }: { cuts: number[]; encoder: AttributeEncoder },
): number {
  const { marks, reader } = scan;
  let bytes = 0;
  for (let index = scanned.firstMark; index < scanned.endMark; index++) {
    const key = marks.key(index);
    if (key === undefined || key.writtenIndex < 0) continue;
    const value = enrichment[key.key];
    if (value === undefined) continue;
    if (encoder.keeps(key.writtenIndex, value, reader, { start: marks.valueStart(index), end: marks.valueEnd(index) })) continue;
    cuts.push(marks.start(index), marks.end(index));
    bytes += marks.end(index) - marks.start(index);
  }
  return bytes;
}

/** Lengths of the messages around, from the inside out: those within stand after those around them. */
function passUp({ regions }: RequestScan, { growth, action }: Edits): void {
  for (let index = regions.count - 1; index >= 0; index--) {
    const parent = regions.parent(index);
    const change = action[index] ?? UNCHANGED;
    if (parent < 0 || change === UNCHANGED) continue;
    const grown = growth[index] ?? 0;
    const size = regions.end(index) - regions.start(index);
    const grows =
      change === REJECTED
        ? regions.tagStart(index) - regions.end(index)
        : grown + varintSize(size + grown) - (regions.start(index) - regions.lengthStart(index));
    growth[parent] = (growth[parent] ?? 0) + grows;
    action[parent] = CHANGED;
  }
}

function spanAt(scan: RequestScan, index: number): ScannedSpan {
  const scanned = scan.spans[index];
  if (scanned === undefined) throw new RangeError(`no span ${index}`);
  return scanned;
}
