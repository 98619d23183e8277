import { NORMALIZED, OWN } from "../core/attributes.ts";
import type { Enrichment } from "../core/enrichment.ts";
import type { AttributeScalar, Attributes } from "../core/span.ts";
import { attributesJson } from "../otlp/attributes-json.ts";
import { KeyDictionary } from "../otlp/key-dictionary.ts";
import { scanRequest } from "../otlp/scan-request.ts";
import { READ_KEYS } from "../core/read-keys.ts";
import { ROW_READ_KEYS } from "../sinks/postgres-row.ts";
import type { EnrichedBatch } from "../sinks/sink.ts";

const ENRICHED_KEYS: readonly string[] = [...Object.values(OWN), ...Object.values(NORMALIZED)];
const KEYS = new KeyDictionary({ read: new Set([...READ_KEYS, ...ROW_READ_KEYS, ...ENRICHED_KEYS]) });
/** What was accepted once is not judged again: it may have waited for long. */
const NO_TIME_LIMITS = { timeMsMin: Number.NEGATIVE_INFINITY, timeMsMax: Number.POSITIVE_INFINITY };

/**
 * An enriched request as the batch it was. The enrichment is read off the spans instead of being made again, because what
 * it was made from (the memory of the trace, the prices of that day) may be gone after a restart.
 */
export function decodeSpooled(otlp: Uint8Array, captureContent: boolean): EnrichedBatch {
  const scan = scanRequest(otlp, KEYS, { limits: NO_TIME_LIMITS });
  return {
    spanCount: scan.spans.length,
    sizeBytes: otlp.length,
    otlp,
    spans: scan.spans.map((scanned) => ({
      span: scanned,
      enrichment: readEnrichment(scanned.attributes),
      get attributesJson() {
        return attributesJson(scan, scanned, captureContent);
      },
    })),
  };
}

/** Every GenAI span was given llm_call; a span without it got nothing. */
function readEnrichment(attributes: Attributes): Enrichment | null {
  if (typeof attributes[OWN.llmCall] !== "boolean") return null;
  const enrichment: Record<string, AttributeScalar> = Object.create(null);
  for (const key of ENRICHED_KEYS) {
    const value = attributes[key];
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") enrichment[key] = value;
  }
  return enrichment;
}
