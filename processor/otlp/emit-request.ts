import type { Enrichment } from "../core/enrichment.ts";
import { ByteWriter, varintSize } from "./byte-writer.ts";
import type { AttributeEncoder } from "./encode-attributes.ts";
import type { Region, RequestScan, ScannedSpan } from "./request-scan.ts";

/** How the bytes of one region change; -1 for spans that stay. */
interface Edits {
  /** Bytes by which the content of each region grows, by index in `regions`. */
  readonly growth: Int32Array;
  /** Whether its length has to be written anew. */
  readonly changed: Uint8Array;
  /** Index in `spans` of an enriched span's region + 1, REJECTED for one that goes. */
  readonly action: Int32Array;
  /** Where the new attributes of span i stand in `added`: from i to i + 1. */
  readonly addedEnd: Int32Array;
  readonly added: Uint8Array;
}

const REJECTED = -1;
const ENRICHED_BYTES_GUESS = 640;

/**
 * The request's bytes with every enriched span's attributes appended, older ones of the same keys and refused spans cut
 * out, and the lengths around them corrected; every other byte as it came. Where nothing changes, the body itself.
 */
export function emitRequest(scan: RequestScan, enrichments: readonly (Enrichment | null)[], encoder: AttributeEncoder): Uint8Array {
  const edits = planEdits(scan, enrichments, encoder);
  if (edits === null) return scan.reader.bytes;
  const source = scan.reader.bytes;
  // A length grows by at most 4 bytes for each message.
  const out = new ByteWriter(source.length + edits.added.length + scan.regions.length * 4);
  let cursor = 0;
  for (let index = 0; index < scan.regions.length; index++) {
    const action = edits.action[index] ?? 0;
    if (edits.changed[index] === 0 && action !== REJECTED) continue;
    const region = regionAt(scan, index);
    if (action === REJECTED) {
      out.slice(source, cursor, region.tagStart);
      cursor = region.end;
      continue;
    }
    out.slice(source, cursor, region.lengthStart);
    out.varint(region.end - region.start + (edits.growth[index] ?? 0));
    cursor = region.start;
    if (action > 0) cursor = emitSpan(scan, action - 1, { enrichments, edits, out });
  }
  out.slice(source, cursor, source.length);
  return out.written();
}

interface Emission {
  readonly enrichments: readonly (Enrichment | null)[];
  readonly edits: Edits;
  readonly out: ByteWriter;
}

/** Writes the span's content and answers where it ends in the source. */
function emitSpan(scan: RequestScan, index: number, { enrichments, edits, out }: Emission): number {
  const scanned = spanAt(scan, index);
  const region = regionAt(scan, scanned.region);
  const source = scan.reader.bytes;
  let cursor = region.start;
  eachReplaced(scan, scanned, enrichments[index] ?? null, (start, end) => {
    out.slice(source, cursor, start);
    cursor = end;
  });
  out.slice(source, cursor, region.end);
  out.slice(edits.added, index === 0 ? 0 : (edits.addedEnd[index - 1] ?? 0), edits.addedEnd[index] ?? 0);
  return region.end;
}

function planEdits(scan: RequestScan, enrichments: readonly (Enrichment | null)[], encoder: AttributeEncoder): Edits | null {
  const { regions, spans, rejected } = scan;
  const enriched = enrichments.reduce((count, enrichment) => (enrichment === null ? count : count + 1), 0);
  if (enriched === 0 && rejected.length === 0) return null;
  const added = new ByteWriter(enriched * ENRICHED_BYTES_GUESS);
  const growth = new Int32Array(regions.length);
  const changed = new Uint8Array(regions.length);
  const action = new Int32Array(regions.length);
  const addedEnd = new Int32Array(spans.length);
  for (let index = 0; index < spans.length; index++) {
    const enrichment = enrichments[index] ?? null;
    if (enrichment !== null) {
      const scanned = spanAt(scan, index);
      const before = added.length;
      encoder.encode(enrichment, added);
      let cut = 0;
      eachReplaced(scan, scanned, enrichment, (start, end) => (cut += end - start));
      growth[scanned.region] = added.length - before - cut;
      changed[scanned.region] = 1;
      action[scanned.region] = index + 1;
    }
    addedEnd[index] = added.length;
  }
  for (const region of rejected) action[region] = REJECTED;
  passUp(scan, { growth, changed, action });
  return { growth, changed, action, addedEnd, added: added.written() };
}

/** Lengths of the messages around, from the inside out: children stand after their parents. */
function passUp(scan: RequestScan, { growth, changed, action }: Pick<Edits, "growth" | "changed" | "action">): void {
  for (let index = scan.regions.length - 1; index >= 0; index--) {
    const region = regionAt(scan, index);
    if (region.parent < 0) continue;
    let grows = 0;
    if (action[index] === REJECTED) grows = region.tagStart - region.end;
    else if (changed[index] === 1) {
      const grown = growth[index] ?? 0;
      grows = grown + varintSize(region.end - region.start + grown) - (region.start - region.lengthStart);
    } else continue;
    growth[region.parent] = (growth[region.parent] ?? 0) + grows;
    changed[region.parent] = 1;
  }
}

/** Calls `found` for every attribute that the enrichment replaces, in the order of the bytes. */
function eachReplaced(
  scan: RequestScan,
  scanned: ScannedSpan,
  enrichment: Enrichment | null,
  found: (start: number, end: number) => void,
): void {
  if (enrichment === null) return;
  const { marks } = scan;
  for (let index = scanned.firstMark; index < scanned.endMark; index++) {
    const key = marks.key(index);
    if (key !== undefined && enrichment[key.key] !== undefined) found(marks.start(index), marks.end(index));
  }
}

function regionAt(scan: RequestScan, index: number): Region {
  const region = scan.regions[index];
  if (region === undefined) throw new RangeError(`no region ${index}`);
  return region;
}

function spanAt(scan: RequestScan, index: number): ScannedSpan {
  const scanned = scan.spans[index];
  if (scanned === undefined) throw new RangeError(`no span ${index}`);
  return scanned;
}
