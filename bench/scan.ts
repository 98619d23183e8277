import { bench, do_not_optimize, group, summary } from "mitata";
import { SCAN_KEYS } from "../processor/otlp/scan-keys.ts";
import { scanRequest } from "../processor/otlp/scan-request.ts";
import { scanTraces } from "../processor/otlp/scan-traces.ts";
import { corpusRequest } from "./otlp-corpus.ts";
import { benchContext, codec, enrichByReference } from "./reference-request.ts";

const SPANS = 100;
/** More traces than the memory of `benchContext` holds. */
const BODIES = 128;

/** Bodies of about 100 spans; the figure of one span is a hundredth. */
export function register(): void {
  for (const content of [false, true]) {
    const bodies = Array.from({ length: BODIES }, (_, seed) => corpusRequest({ spans: SPANS, content, seed: seed + 1 }).body);
    let next = 0;
    const body = (): Uint8Array => bodies[next++ % bodies.length] ?? new Uint8Array(0);
    group(`a request of ${SPANS} spans${content ? " with 2-8 KB of content a call" : ""}`, () => {
      summary(() => {
        const ours = benchContext();
        const theirs = benchContext();
        bench("reference codec: decode, enrich, encode", () => do_not_optimize(enrichByReference(body(), theirs)));
        bench("scan, enrich, emit", () => do_not_optimize(scanTraces(body(), { context: ours })));
      });
      bench("scan alone", () => do_not_optimize(scanRequest(body(), SCAN_KEYS)));
      bench("reference codec: decode alone", () => do_not_optimize(codec.decode(body())));
    });
    group(`attributes as JSON, ${SPANS} spans${content ? " with captured content" : ""}`, () => {
      const ours = benchContext();
      bench("scan, enrich, emit, JSON of every span", () => {
        const { batch } = scanTraces(body(), { context: ours, captureContent: content });
        for (const span of batch.spans) do_not_optimize(span.attributesJson);
      });
    });
  }
}
