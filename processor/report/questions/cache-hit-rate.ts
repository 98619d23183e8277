import { moreRows, ratio, ROWS_MAX, sumOf, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatRate, formatTokens } from "../format.ts";

export function cacheHitRate({ models }: ReportData): Answer {
  const rows = models
    .filter(({ inputTokens }) => inputTokens > 0)
    .map(({ provider, model, calls, inputTokens, cacheReadTokens, cacheWriteTokens }) => ({
      provider,
      model,
      calls,
      inputTokens,
      cacheReadTokens,
      cacheWriteTokens,
      cacheHitRate: cacheReadTokens / inputTokens,
    }))
    .sort((a, b) => b.cacheHitRate - a.cacheHitRate || b.inputTokens - a.inputTokens);
  const input = sumOf(models, "inputTokens");
  const read = sumOf(models, "cacheReadTokens");
  return {
    id: "cache_hit_rate",
    question: "What is the cache hit rate?",
    answer:
      input === 0
        ? "No call reported input tokens."
        : `${formatRate(ratio(read, input))} of all input tokens came from a prompt cache (${formatTokens(read)} of ${formatTokens(input)}).`,
    table: {
      head: ["provider", "model", "calls", "input", "cached", "written", "hit rate"],
      left: [1],
      rows: rows
        .slice(0, ROWS_MAX)
        .map((row) => [
          row.provider,
          row.model,
          formatCount(row.calls),
          formatTokens(row.inputTokens),
          formatTokens(row.cacheReadTokens),
          formatTokens(row.cacheWriteTokens),
          formatRate(row.cacheHitRate),
        ]),
    },
    notes: moreRows(ROWS_MAX, rows.length, "models"),
    figures: rows,
  };
}
