import { CALLS_MIN, moreRows, ratio, ROWS_MAX, sumOf, TOO_FEW, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatRate, formatUsd } from "../format.ts";

export function costEffectiveness({ models }: ReportData): Answer {
  const rows = models
    .filter(({ pricedCalls }) => pricedCalls > 0)
    .map(({ provider, model, calls, pricedCalls, pricedSuccesses, costUsd, pricedOutputTokens }) => ({
      provider,
      model,
      calls,
      pricedCalls,
      costUsd,
      costPerCallUsd: costUsd / pricedCalls,
      costPerSuccessUsd: ratio(costUsd, pricedSuccesses),
      costPer1kOutputUsd: ratio(costUsd * 1000, pricedOutputTokens),
    }))
    .sort(
      (a, b) =>
        rank(b) - rank(a) || (a.costPer1kOutputUsd ?? Infinity) - (b.costPer1kOutputUsd ?? Infinity) || a.costPerCallUsd - b.costPerCallUsd,
    );
  return {
    id: "cost_effectiveness",
    question: "Which provider is most cost-effective?",
    answer: cheapestOf(rows),
    table: {
      head: ["provider", "model", "calls", "cost", "/ success", "/ 1k output"],
      left: [1],
      rows: rows
        .slice(0, ROWS_MAX)
        .map((row) => [
          row.provider,
          row.model,
          formatCount(row.calls),
          formatUsd(row.costUsd),
          formatUsd(row.costPerSuccessUsd),
          formatUsd(row.costPer1kOutputUsd),
        ]),
    },
    notes: [
      coverageOf(models),
      "Models count the same text differently and answer at different lengths: compare like tasks.",
      ...moreRows(ROWS_MAX, rows.length, "models"),
    ],
    figures: rows,
  };
}

interface Row {
  readonly provider: string;
  readonly model: string;
  readonly pricedCalls: number;
  readonly costPer1kOutputUsd: number | null;
}

const rank = ({ pricedCalls }: Row): number => (pricedCalls >= CALLS_MIN ? 1 : 0);

function cheapestOf(rows: readonly Row[]): string {
  if (rows.length === 0) return "No call has a known price.";
  const comparable = rows.filter(({ pricedCalls, costPer1kOutputUsd }) => pricedCalls >= CALLS_MIN && costPer1kOutputUsd !== null);
  const [best, second] = comparable;
  if (best === undefined) return `Every model has ${TOO_FEW}.`;
  const own = `${best.provider} with ${best.model}: ${formatUsd(best.costPer1kOutputUsd)} per 1,000 output tokens, input and caching included`;
  if (second === undefined) return `${own}; no other model has enough priced calls to compare.`;
  const times = (second.costPer1kOutputUsd ?? 0) / (best.costPer1kOutputUsd ?? 1);
  return `${own}; ${second.provider} with ${second.model} follows at ${times.toFixed(1)} times that.`;
}

/** How much of the traffic the money figures stand on. */
export function coverageOf(models: ReportData["models"]): string {
  const priced = sumOf(models, "pricedCalls");
  const unpriced = sumOf(models, "unpricedCalls");
  const coverage = formatRate(ratio(priced, priced + unpriced));
  if (unpriced === 0) return `Cost is known for every call with usage (${formatCount(priced)}).`;
  return `Cost is known for ${coverage} of the calls with usage; ${formatCount(unpriced)} have no price and are left out, not counted as free.`;
}
