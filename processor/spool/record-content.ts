import type { Enrichment } from "../core/enrichment.ts";
import { READ_KEYS } from "../core/read-keys.ts";
import { attributesJson } from "../otlp/attributes-json.ts";
import { KeyDictionary } from "../otlp/key-dictionary.ts";
import type { RequestScan } from "../otlp/request-scan.ts";
import { ROW_READ_KEYS } from "../sinks/postgres-row.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";
import { decodeEnrichedRequest } from "./enriched-request.ts";
import { scanSpooled } from "./scan-spooled.ts";

/** What a spool keeps of a batch for its sink. */
export interface RecordContent {
  encode(batch: EnrichedBatch): Uint8Array;
  /** Reads what this version wrote and every version before it; throws for all else. */
  decode(bytes: Uint8Array): EnrichedBatch;
}

const NO_KEYS = new KeyDictionary({ read: new Set() });
const ROW_KEYS = new KeyDictionary({ read: new Set([...READ_KEYS, ...ROW_READ_KEYS]) });

/** For a sink that forwards: the enriched request, which is OTLP and needs no number of a format. */
export const OTLP_CONTENT: RecordContent = {
  encode: ({ otlp }) => otlp,
  decode(otlp) {
    const spanCount = scanSpooled(otlp, NO_KEYS).spans.length;
    return { spanCount, sizeBytes: otlp.length, otlp, spans: [] };
  },
};

/** What was found out of the spans of a request, in their order. */
interface Findings {
  readonly enrichments: readonly (Enrichment | null)[];
  /** Indexes. */
  readonly unclaimed: readonly number[];
}

/**
 * A record for rows begins with this byte, and with the number of its format in the next. Records of before had neither: a request
 * in protobuf begins with the tag of its first resource, findings with a length that is far below 16 MB.
 */
const FORMAT_MARK = 0xf7;
const RESOURCE_SPANS_TAG = 0x0a;
const LENGTH_BYTES = 4;

/** By number. A new one is added at the end; what stands here is read for ever, because an update must not lose what waits in a spool. */
const FORMATS: readonly ((record: Buffer, captureContent: boolean) => EnrichedBatch)[] = [
  decodeEnrichedRequest,
  decodeFindings,
  (record, captureContent) => decodeFindings(record.subarray(2), captureContent),
];
const [ENRICHED_REQUEST, FINDINGS, MARKED_FINDINGS] = [0, 1, 2];

/**
 * For a sink that stores rows: the request as it came, and what enrichment found beside it, because a row has both. It is not
 * found again when the record is read: what it was found from (the memory of the trace, the prices of that day) may be gone.
 * Mark, format, length of the findings (uint32, big-endian), the findings as JSON, the request.
 */
export function rowsContent(captureContent: boolean): RecordContent {
  return {
    encode({ spans, plain, otlp }) {
      const findings: Findings = {
        enrichments: spans.map(({ enrichment }) => enrichment),
        unclaimed: spans.flatMap(({ unclaimed }, index) => (unclaimed === true ? [index] : [])),
      };
      const json = Buffer.from(JSON.stringify(findings));
      const head = Buffer.from([FORMAT_MARK, MARKED_FINDINGS, 0, 0, 0, 0]);
      head.writeUInt32BE(json.length, head.length - LENGTH_BYTES);
      return Buffer.concat([head, json, plain ?? otlp]);
    },
    decode(bytes) {
      const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const format = formatOf(record);
      const decode = FORMATS[format];
      if (decode === undefined) throw new Error(`its format is ${format}, which a later version of genai-otel wrote`);
      return decode(record, captureContent);
    },
  };
}

function formatOf(record: Buffer): number {
  if (record[0] === FORMAT_MARK) return record.readUInt8(1);
  return record[0] === RESOURCE_SPANS_TAG ? ENRICHED_REQUEST : FINDINGS;
}

function decodeFindings(record: Buffer, captureContent: boolean): EnrichedBatch {
  const request = LENGTH_BYTES + record.readUInt32BE(0);
  const findings = JSON.parse(record.toString("utf8", LENGTH_BYTES, request)) as Findings;
  const scan = scanSpooled(record.subarray(request), ROW_KEYS);
  if (scan.spans.length !== findings.enrichments.length)
    throw new Error(`a record of ${findings.enrichments.length} spans holds ${scan.spans.length}`);
  const spans = spansOf(scan, findings, captureContent);
  return { spanCount: spans.length, sizeBytes: record.length, otlp: record.subarray(request), spans };
}

function spansOf(scan: RequestScan, { enrichments, unclaimed }: Findings, captureContent: boolean): EnrichedSpan[] {
  const isUnclaimed = new Set(unclaimed);
  return scan.spans.map((span, index) => ({
    span,
    enrichment: enrichments[index] ?? null,
    unclaimed: isUnclaimed.has(index),
    get attributesJson() {
      return attributesJson(scan, span, captureContent);
    },
  }));
}
