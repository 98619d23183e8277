import type { Attributes, AttributeValue } from "../core/span.ts";
import { readKeyValue } from "./any-value.ts";
import type { KeyDictionary, KeyFacts } from "./key-dictionary.ts";
import {
  DEFAULT_SCAN_LIMITS,
  type RejectionReason,
  REQUEST_REGIONS_MAX,
  type RequestScan,
  type ScanLimits,
  type Scope,
  type SpanOrigin,
} from "./request-scan.ts";
import type { RegionTable } from "./region-table.ts";
import { takeTables } from "./scan-tables.ts";
import { scanSpan } from "./scan-span.ts";
import { ScannedSpan } from "./scanned-span.ts";
import { ShapeDraft, type SpanShapes } from "./span-shapes.ts";
import { decodeText } from "./text-cache.ts";
import { MalformedError, tagOf, WIRE_TYPE, WireReader } from "./wire-reader.ts";

const RESOURCE_ATTRIBUTES_MAX = 256;
const SCOPE_TEXT_BYTES_MAX = 1_024;

/** Fields of ExportTraceServiceRequest, ResourceSpans, ScopeSpans, Resource, InstrumentationScope (OTLP 1.9). */
const RESOURCE_SPANS = tagOf(1, WIRE_TYPE.length);
const RESOURCE = tagOf(1, WIRE_TYPE.length);
const SCOPE_SPANS = tagOf(2, WIRE_TYPE.length);
const RESOURCE_ATTRIBUTES = tagOf(1, WIRE_TYPE.length);
const SCOPE = tagOf(1, WIRE_TYPE.length);
const SPANS = tagOf(2, WIRE_TYPE.length);
const SCOPE_NAME = tagOf(1, WIRE_TYPE.length);
const SCOPE_VERSION = tagOf(2, WIRE_TYPE.length);
const LAST_KNOWN_FIELD = 3;

export interface ScanUses {
  readonly limits?: ScanLimits;
  /** Given, spans are told their shapes. */
  readonly shapes?: SpanShapes | null;
}

const BEFORE_ANY_KEY: Pick<KeyFacts, "next"> = { next: null };

/** Begun anew with every span. */
const DRAFT = new ShapeDraft();

/**
 * Reads an ExportTraceServiceRequest. Throws MalformedError where the bytes are no such message; a span that alone is wrong
 * is noted as refused, and the others stand.
 */
export function scanRequest(
  body: Uint8Array,
  keys: KeyDictionary,
  { limits = DEFAULT_SCAN_LIMITS, shapes = null }: ScanUses = {},
): RequestScan {
  const scan = beginScan(body, keys, { limits, shapes });
  eachMessage(scan, body.length, RESOURCE_SPANS, (tagStart, lengthStart, end) => {
    const region = addRegion(scan, { tagStart, lengthStart, end }, -1);
    scanResourceSpans(scan, region, end);
  });
  return scan;
}

/** A scan that has found nothing yet. */
export function beginScan(body: Uint8Array, keys: KeyDictionary, { limits = DEFAULT_SCAN_LIMITS, shapes = null }: ScanUses): RequestScan {
  return {
    reader: new WireReader(body),
    keys,
    ...takeTables(body.length),
    spans: [],
    rejected: [],
    rejectionReasons: new Map(),
    firstRejection: "",
    place: { keyStart: 0, keyEnd: 0, valueStart: -1, valueEnd: -1 },
    shapes,
    draft: DRAFT,
    limits,
    lastKey: BEFORE_ANY_KEY,
    eventsRead: 0,
    lastTrace: { position: -1, hex: "" },
  };
}

function scanResourceSpans(scan: RequestScan, parent: number, end: number): void {
  const { reader } = scan;
  const start = reader.position;
  // Fields come in any order, and repeated ones of one message count as one: the resource is read before its spans.
  const resource: Record<string, AttributeValue> = Object.create(null);
  eachMessage(scan, end, RESOURCE, (_tagStart, _lengthStart, resourceEnd) => readResource(reader, resourceEnd, resource));
  reader.position = start;
  eachMessage(scan, end, SCOPE_SPANS, (tagStart, lengthStart, scopeEnd) => {
    const region = addRegion(scan, { tagStart, lengthStart, end: scopeEnd }, parent);
    scanScopeSpans(scan, region, scopeEnd, resource);
  });
}

function scanScopeSpans(scan: RequestScan, parent: number, end: number, resource: Attributes): void {
  const origin = { scope: readScopeOf(scan, parent), resource };
  eachMessage(scan, end, SPANS, (tagStart, lengthStart, spanEnd) => {
    const region = addRegion(scan, { tagStart, lengthStart, end: spanEnd }, parent);
    scanSpanOrReject(scan, region, spanEnd, origin);
  });
}

/** The scope of a region that is a ScopeSpans. The reader is left on its first byte. */
export function readScopeOf(scan: RequestScan, region: number): Scope {
  const { reader, regions } = scan;
  const scope: Scope = { name: "", version: "" };
  reader.position = regions.start(region);
  eachMessage(scan, regions.end(region), SCOPE, (_tagStart, _lengthStart, scopeEnd) => readScope(reader, scopeEnd, scope));
  reader.position = regions.start(region);
  return scope;
}

/** Scans the span whose first byte the reader stands on; false where it is refused. The reader is left behind it. */
export function scanSpanOrReject(scan: RequestScan, region: number, end: number, origin: SpanOrigin): boolean {
  const firstMark = scan.marks.count;
  const span = new ScannedSpan(scan, region, origin);
  let reason: RejectionReason | null;
  let detail = "";
  try {
    reason = scanSpan(scan, end, origin, span);
    if (reason === null) scan.spans.push(span);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    reason = "malformed";
    detail = error.message;
  }
  if (reason === null) return true;
  if (scan.rejected.length === 0) scan.firstRejection = `${pathOf(scan.regions, region)}: ${detail === "" ? reason : detail}`;
  scan.rejected.push(region);
  scan.rejectionReasons.set(reason, (scan.rejectionReasons.get(reason) ?? 0) + 1);
  scan.marks.truncate(firstMark);
  scan.reader.position = end;
  return false;
}

/** `resourceSpans[0].scopeSpans[2].spans[1]`, as the sender counts. */
function pathOf(regions: RegionTable, region: number): string {
  const parent = regions.parent(region);
  let index = 0;
  for (let other = 0; other < region; other++) if (regions.parent(other) === parent) index++;
  if (parent < 0) return `resourceSpans[${index}]`;
  const list = regions.parent(parent) < 0 ? "scopeSpans" : "spans";
  return `${pathOf(regions, parent)}.${list}[${index}]`;
}

/** Calls `found` with the reader on the first byte of every message of that tag; other fields are passed over. */
function eachMessage(
  scan: RequestScan,
  end: number,
  wanted: number,
  found: (tagStart: number, lengthStart: number, end: number) => void,
): void {
  const { reader } = scan;
  while (reader.position < end) {
    const tagStart = reader.position;
    const tag = reader.tag(end);
    if (tag !== wanted) {
      // A receiver downstream would refuse the whole request for it, with other people's spans in it.
      if (tag >>> 3 <= LAST_KNOWN_FIELD && (tag & 7) !== WIRE_TYPE.length) reader.fail(`field ${tag >>> 3} has wire type ${tag & 7}`);
      reader.skip(tag, end);
      continue;
    }
    const lengthStart = reader.position;
    const messageEnd = reader.lengthEnd(end, "a message");
    found(tagStart, lengthStart, messageEnd);
  }
}

function addRegion(scan: RequestScan, at: { tagStart: number; lengthStart: number; end: number }, parent: number): number {
  const { reader, regions } = scan;
  if (regions.count >= REQUEST_REGIONS_MAX) reader.fail(`more than ${REQUEST_REGIONS_MAX} messages in one request`);
  return regions.add(at.tagStart, at.lengthStart, { start: reader.position, end: at.end }, parent);
}

export function readResource(reader: WireReader, end: number, resource: Record<string, AttributeValue>): void {
  let attributes = 0;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== RESOURCE_ATTRIBUTES || attributes++ >= RESOURCE_ATTRIBUTES_MAX) reader.skip(tag, end);
    else readKeyValue(reader, reader.lengthEnd(end, "Resource.attributes"), 0, resource);
  }
}

function readScope(reader: WireReader, end: number, scope: Scope): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag !== SCOPE_NAME && tag !== SCOPE_VERSION) {
      reader.skip(tag, end);
      continue;
    }
    const textEnd = reader.lengthEnd(end, "InstrumentationScope");
    const text = decodeText(reader, reader.position, textEnd, SCOPE_TEXT_BYTES_MAX);
    if (tag === SCOPE_NAME) scope.name = text;
    else scope.version = text;
    reader.position = textEnd;
  }
}
