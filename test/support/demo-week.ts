import { createTraceMemory } from "../../processor/core/trace-memory.ts";
import { DEFAULT_PRICE_BOOK } from "../../processor/core/price-book.ts";
import { demoWeek, type DemoWeekOptions } from "../../processor/demo/history.ts";
import { scanJsonTraces } from "../../processor/otlp/scan-json-traces.ts";
import { postgresSink } from "../../processor/sinks/postgres.ts";

/** Writes the demo's history into a migrated database: the gateway's decoder, enrichment and sink, without its network. */
export async function storeDemoWeek(databaseUrl: string, options: DemoWeekOptions): Promise<{ spans: number }> {
  const sink = postgresSink({ url: databaseUrl });
  const context = {
    prices: DEFAULT_PRICE_BOOK,
    memory: createTraceMemory({ tracesMax: 20_000, spansPerTraceMax: 1000, ageMsMax: 3_600_000 }),
    settled: true,
  };
  let spans = 0;
  try {
    for (const { request } of demoWeek(options)) {
      const { batch, rejectedSpans, firstRejection } = scanJsonTraces(Buffer.from(JSON.stringify(request)), { context });
      if (rejectedSpans > 0) throw new Error(`the demo's history has a span that is refused: ${firstRejection}`);
      await sink.write(batch);
      spans += batch.spans.length;
    }
  } finally {
    await sink.close();
  }
  return { spans };
}
