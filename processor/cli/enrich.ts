import { enrichBatch } from "../core/enrich.ts";
import { DEFAULT_PRICE_BOOK } from "../core/price-book.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { MalformedJsonError, readJsonRequest, writeJsonAttributes } from "../otlp/json-spans.ts";
import type { Command } from "./command.ts";
import { answerJsonLines, InputError } from "./json-lines.ts";

const HELP = `usage: genai-otel enrich < requests.jsonl

Reads OTLP/JSON, one ExportTraceServiceRequest per line:
  {"resourceSpans": [{"scopeSpans": [{"scope": {...}, "spans": [...]}]}]}
Writes the same documents, enriched, line for line. Each line is a batch of its own and holds whole
traces. A line that cannot be read gets {"error": "..."} in its place and makes the exit code 1.
`;

/** A line is bounded by what one string can hold; the memory serves that line alone. */
const TRACES_MAX = 100_000;
const SPANS_PER_TRACE_MAX = 100_000;

/** `genai-otel enrich`: what the gateway would make of these spans. */
export const enrich: Command = async (args, io) => {
  if (args.length > 0) {
    const asksHelp = args[0] === "--help" || args[0] === "-h";
    (asksHelp ? io.stdout : io.stderr).write(asksHelp ? HELP : `genai-otel enrich: unexpected argument "${args[0]}"\n\n${HELP}`);
    return asksHelp ? 0 : 2;
  }
  return answerJsonLines(io, enrichDocument);
};

function enrichDocument(document: unknown): unknown {
  const spans = readSpans(document);
  const memory = createTraceMemory({ tracesMax: TRACES_MAX, spansPerTraceMax: SPANS_PER_TRACE_MAX, ageMsMax: Infinity });
  const enrichments = enrichBatch(
    spans.map(({ span }) => span),
    { prices: DEFAULT_PRICE_BOOK, memory, settled: true },
  );
  for (const [index, { ref }] of spans.entries()) {
    const enrichment = enrichments[index] ?? null;
    if (enrichment !== null) writeJsonAttributes(ref, enrichment);
  }
  return document;
}

function readSpans(document: unknown): ReturnType<typeof readJsonRequest> {
  try {
    return readJsonRequest(document);
  } catch (error) {
    if (error instanceof MalformedJsonError) throw new InputError(error.message);
    throw error;
  }
}
