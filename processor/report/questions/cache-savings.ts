import { moreRows, ratio, ROWS_MAX, sumOf, type Answer, type ReportData } from "../answer.ts";
import { formatRate, formatUsd } from "../format.ts";
import { coverageOf } from "./cost-effectiveness.ts";

export function cacheSavings({ models }: ReportData): Answer {
  const rows = models
    .filter(({ pricedCalls }) => pricedCalls > 0)
    .map(({ provider, model, costUsd, costWithoutCacheUsd, savingsUsd }) => ({
      provider,
      model,
      costUsd,
      costWithoutCacheUsd,
      savingsUsd,
      savedShare: ratio(savingsUsd, costWithoutCacheUsd),
    }))
    // Losses of money belong among the first rows as much as savings.
    .sort((a, b) => Math.abs(b.savingsUsd) - Math.abs(a.savingsUsd));
  return {
    id: "cache_savings",
    question: "How much money does prompt caching save?",
    answer: savingsOf(models),
    table: {
      head: ["provider", "model", "cost", "without cache", "saved", "share"],
      left: [1],
      rows: rows
        .slice(0, ROWS_MAX)
        .map((row) => [
          row.provider,
          row.model,
          formatUsd(row.costUsd),
          formatUsd(row.costWithoutCacheUsd),
          formatUsd(row.savingsUsd),
          formatRate(row.savedShare),
        ]),
    },
    notes: [...lossesOf(rows), coverageOf(models), ...moreRows(ROWS_MAX, rows.length, "models")],
    figures: rows,
  };
}

function savingsOf(models: ReportData["models"]): string {
  if (sumOf(models, "pricedCalls") === 0) return "No call has a known price.";
  const saved = sumOf(models, "savingsUsd");
  const without = sumOf(models, "costWithoutCacheUsd");
  if (sumOf(models, "cacheReadTokens") + sumOf(models, "cacheWriteTokens") === 0) return "Nothing: no call used a prompt cache.";
  const net = `${formatUsd(Math.abs(saved))} net of what writing the cache cost`;
  const share = `${formatRate(Math.abs(ratio(saved, without) ?? 0))} of the ${formatUsd(without)} that the same tokens would have cost`;
  return saved >= 0 ? `${net}: ${share}.` : `It costs ${net} more than it saves: ${share}.`;
}

function lossesOf(rows: readonly { readonly model: string; readonly savingsUsd: number }[]): string[] {
  const losing = rows.filter(({ savingsUsd }) => savingsUsd < 0).map(({ model }) => model);
  return losing.length === 0 ? [] : [`Writes cost more than reads save for: ${losing.slice(0, ROWS_MAX).join(", ")}.`];
}
