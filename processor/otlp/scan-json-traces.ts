import { decodeJsonRequest } from "./decode-json-request.ts";
import { type ScannedBatch, type ScanOptions, scanTraces } from "./scan-traces.ts";

/** `scanTraces` for a request in OTLP/JSON. Throws MalformedError. */
export function scanJsonTraces(body: Uint8Array, options: ScanOptions): ScannedBatch {
  const request = decodeJsonRequest(body);
  const scanned = scanTraces(request.protobuf, options);
  if (request.rejectedSpans === 0) return scanned;
  const rejectionReasons = new Map(request.rejectionReasons);
  for (const [reason, count] of scanned.rejectionReasons) rejectionReasons.set(reason, (rejectionReasons.get(reason) ?? 0) + count);
  return {
    ...scanned,
    rejectedSpans: request.rejectedSpans + scanned.rejectedSpans,
    rejectionReasons,
    firstRejection: request.firstRejection,
  };
}
