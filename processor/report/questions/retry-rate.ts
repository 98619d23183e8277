import { byProvider, moreRows, ratio, ROWS_MAX, sumOf, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatMs, formatRate } from "../format.ts";

export function retryRate({ models }: ReportData): Answer {
  const rows = byProvider(models)
    .map(({ provider, calls, retried, retries, firstFailed, operations, retryWaitMs }) => ({
      provider,
      calls,
      retried,
      retryRate: retried / calls,
      firstFailedRate: ratio(firstFailed, operations),
      retriesPerRetriedCall: ratio(retries, retried),
      waitMs: ratio(retryWaitMs, retried),
    }))
    .sort((a, b) => b.retryRate - a.retryRate || b.calls - a.calls);
  const calls = sumOf(models, "calls");
  const retried = sumOf(models, "retried");
  return {
    id: "retry_rate",
    question: "What is the average retry rate?",
    answer:
      calls === 0
        ? "No calls."
        : `${formatRate(retried / calls)}: ${formatCount(retried)} of ${formatCount(calls)} calls came after at least one failed attempt.`,
    table: {
      head: ["provider", "calls", "retried", "retry rate", "first failed", "attempts", "mean wait"],
      rows: rows
        .slice(0, ROWS_MAX)
        .map((row) => [
          row.provider,
          formatCount(row.calls),
          formatCount(row.retried),
          formatRate(row.retryRate),
          formatRate(row.firstFailedRate),
          row.retriesPerRetriedCall === null ? "-" : (1 + row.retriesPerRetriedCall).toFixed(1),
          formatMs(row.waitMs),
        ]),
    },
    notes: [
      "first failed: operations whose first attempt failed; attempts and wait: mean of the retried calls.",
      ...moreRows(ROWS_MAX, rows.length, "providers"),
    ],
    figures: rows,
  };
}
