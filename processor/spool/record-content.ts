import type { Enrichment } from "../core/enrichment.ts";
import { READ_KEYS } from "../core/read-keys.ts";
import { attributesJson } from "../otlp/attributes-json.ts";
import { KeyDictionary } from "../otlp/key-dictionary.ts";
import type { RequestScan } from "../otlp/request-scan.ts";
import { scanRequest } from "../otlp/scan-request.ts";
import { ROW_READ_KEYS } from "../sinks/postgres-row.ts";
import type { EnrichedBatch, EnrichedSpan } from "../sinks/sink.ts";

/** What a spool keeps of a batch for its sink. */
export interface RecordContent {
  encode(batch: EnrichedBatch): Uint8Array;
  /** Throws for bytes that it did not write. */
  decode(bytes: Uint8Array): EnrichedBatch;
}

/** What was accepted once is not judged again: it may have waited for long. */
const NO_TIME_LIMITS = { timeMsMin: Number.NEGATIVE_INFINITY, timeMsMax: Number.POSITIVE_INFINITY };
const NO_KEYS = new KeyDictionary({ read: new Set() });
const ROW_KEYS = new KeyDictionary({ read: new Set([...READ_KEYS, ...ROW_READ_KEYS]) });

/** For a sink that forwards: the enriched request. */
export const OTLP_CONTENT: RecordContent = {
  encode: ({ otlp }) => otlp,
  decode(otlp) {
    const spanCount = scanRequest(otlp, NO_KEYS, { limits: NO_TIME_LIMITS }).spans.length;
    return { spanCount, sizeBytes: otlp.length, otlp, spans: [] };
  },
};

/** What was found out of the spans of a request, in their order. */
interface Findings {
  readonly enrichments: readonly (Enrichment | null)[];
  /** Indexes. */
  readonly unclaimed: readonly number[];
}

const LENGTH_BYTES = 4;

/**
 * For a sink that stores rows: the request as it came, and what enrichment found beside it, because a row has both. It is not
 * found again when the record is read: what it was found from (the memory of the trace, the prices of that day) may be gone.
 * Length of the findings (uint32, big-endian), the findings as JSON, the request.
 */
export function rowsContent(captureContent: boolean): RecordContent {
  return {
    encode({ spans, plain, otlp }) {
      const findings: Findings = {
        enrichments: spans.map(({ enrichment }) => enrichment),
        unclaimed: spans.flatMap(({ unclaimed }, index) => (unclaimed === true ? [index] : [])),
      };
      const json = Buffer.from(JSON.stringify(findings));
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(json.length);
      return Buffer.concat([length, json, plain ?? otlp]);
    },
    decode(bytes) {
      const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const request = LENGTH_BYTES + record.readUInt32BE(0);
      const findings = JSON.parse(record.toString("utf8", LENGTH_BYTES, request)) as Findings;
      const scan = scanRequest(record.subarray(request), ROW_KEYS, { limits: NO_TIME_LIMITS });
      if (scan.spans.length !== findings.enrichments.length)
        throw new Error(`a record of ${findings.enrichments.length} spans holds ${scan.spans.length}`);
      const spans = spansOf(scan, findings, captureContent);
      return { spanCount: spans.length, sizeBytes: bytes.length, otlp: record.subarray(request), spans };
    },
  };
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
