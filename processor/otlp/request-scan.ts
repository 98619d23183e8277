import type { Attributes } from "../core/span.ts";
import type { AttributeMarks, AttributePlace } from "./attribute-marks.ts";
import type { KeyDictionary, KeyFacts } from "./key-dictionary.ts";
import type { NumberList } from "./number-list.ts";
import type { RegionTable } from "./region-table.ts";
import type { ScannedSpan } from "./scanned-span.ts";
import type { ShapeDraft, SpanShapes } from "./span-shapes.ts";
import type { WireReader } from "./wire-reader.ts";

/** Codes, so that they can label a metric; response.ts has the sentences. */
export type RejectionReason =
  | "malformed"
  | "invalid_trace_id"
  | "invalid_span_id"
  | "invalid_parent_span_id"
  | "invalid_link"
  | "missing_start_time"
  | "absurd_time"
  | "too_many_attributes";

/** Everything that one pass over a request's bytes finds. */
export interface RequestScan {
  readonly reader: WireReader;
  readonly keys: KeyDictionary;
  readonly regions: RegionTable;
  readonly spans: ScannedSpan[];
  /** Regions of the spans that are refused. */
  readonly rejected: number[];
  readonly rejectionReasons: Map<RejectionReason, number>;
  /** What was wrong with the first span that was refused, for whoever has to find it. */
  firstRejection: string;
  readonly marks: AttributeMarks;
  /** Of the attribute that was scanned last. */
  readonly place: AttributePlace;
  /** Times and numeric attributes of the spans. */
  readonly numbers: NumberList;
  /** null where nobody asks what shape a span has. */
  readonly shapes: SpanShapes | null;
  readonly draft: ShapeDraft;
  readonly limits: ScanLimits;
  /** The attribute key that was scanned last. */
  lastKey: Pick<KeyFacts, "next">;
  eventsRead: number;
  /** Spans of a trace mostly follow each other: where its id stood last, and its digits. */
  readonly lastTrace: { position: number; hex: string };
}

export interface ScanLimits {
  /** Spans that start or end outside are refused: a clock that is decades off makes partitions that nobody ever drops. */
  readonly timeMsMin: number;
  readonly timeMsMax: number;
}

/** OTLP is younger, and a gateway that still runs then has had an update. */
export const DEFAULT_SCAN_LIMITS: ScanLimits = { timeMsMin: Date.UTC(2015, 0, 1), timeMsMax: Date.UTC(2100, 0, 1) };

/** Two bytes make an empty message but a hundred to note it: what a small body may cost is bounded by these. */
export const REQUEST_REGIONS_MAX = 262_144;
export const REQUEST_ATTRIBUTES_MAX = 1_000_000;
export const REQUEST_EVENTS_READ_MAX = 65_536;

export interface Scope {
  name: string;
  version: string;
}

/** Where a span's surroundings are the same for all of its scope. */
export interface SpanOrigin {
  readonly scope: Scope;
  readonly resource: Attributes;
}
