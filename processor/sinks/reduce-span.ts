import { detachedSpan } from "../core/span.ts";
import { MESSAGE_KEYS } from "./postgres-row.ts";
import type { EnrichedSpan } from "./sink.ts";

/** In place of attributes that PostgreSQL would not take. */
const REFUSED = Buffer.from(JSON.stringify({ "genai_otel.attributes_refused": "PostgreSQL refused this span's attributes or texts" }));

/** A span less its attributes' JSON and the texts that people write: what PostgreSQL refuses is nearly always in one of these. */
export function reduceSpan<Enriched extends EnrichedSpan>(enriched: Enriched): Enriched {
  const span = detachedSpan(enriched.span);
  const attributes = Object.assign(Object.create(null), span.attributes, Object.fromEntries(MESSAGE_KEYS.map((key) => [key, undefined])));
  return {
    ...enriched,
    enrichment: enriched.enrichment,
    span: { ...span, name: "", statusMessage: "", events: [], attributes },
    attributesJson: REFUSED,
  };
}
