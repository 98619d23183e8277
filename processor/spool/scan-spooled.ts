import type { KeyDictionary } from "../otlp/key-dictionary.ts";
import type { RequestScan } from "../otlp/request-scan.ts";
import { scanRequest } from "../otlp/scan-request.ts";

/** What was accepted once is not judged again: it may have waited for long. */
const NO_TIME_LIMITS = { timeMsMin: Number.NEGATIVE_INFINITY, timeMsMax: Number.POSITIVE_INFINITY };

export function scanSpooled(request: Uint8Array, keys: KeyDictionary): RequestScan {
  return scanRequest(request, keys, { limits: NO_TIME_LIMITS });
}
