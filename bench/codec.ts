import { scanTraces } from "../processor/otlp/scan-traces.ts";
import { corpusRequest } from "./otlp-corpus.ts";
import { benchContext, enrichByReference } from "./reference-request.ts";

// npx tsx bench/codec.ts: a request decoded, enriched and encoded by the reference codec (protobufjs), and scanned, enriched
// and written as the gateway does, in one process and in turns. Prints a table in markdown.

const SPANS = 100;
const BODIES = 128;
const ROUNDS = 40;
const WARM_UP_ROUNDS = 8;

type Way = (body: Uint8Array) => void;

function medianMicrosPerSpan(ways: Readonly<Record<string, Way>>, bodies: readonly Uint8Array[]): Map<string, number> {
  const rounds = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const startMs = performance.now();
      for (const body of bodies) way(body);
      const micros = ((performance.now() - startMs) * 1000) / (bodies.length * SPANS);
      if (round >= 0) rounds.get(name)?.push(micros);
    }
  }
  return new Map([...rounds].map(([name, micros]) => [name, micros.toSorted((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN]));
}

process.stdout.write(
  "Decode, enrich, encode, µs a span at the median:\n\n| corpus | reference codec | ours | ratio |\n| --- | --- | --- | --- |\n",
);
for (const content of [false, true]) {
  const bodies = Array.from({ length: BODIES }, (_, seed) => corpusRequest({ spans: SPANS, content, seed: seed + 1 }).body);
  const [theirContext, ourContext] = [benchContext(), benchContext()];
  const medians = medianMicrosPerSpan(
    {
      reference: (body) => void enrichByReference(body, theirContext),
      ours: (body) => void scanTraces(body, { context: ourContext, keepSpans: false }),
    },
    bodies,
  );
  const [reference = Number.NaN, ours = Number.NaN] = medians.values();
  process.stdout.write(
    `| ${content ? "2 to 8 KB of content a call" : "plain"} | ${reference.toFixed(2)} | ${ours.toFixed(2)} | ${(reference / ours).toFixed(1)} |\n`,
  );
}
