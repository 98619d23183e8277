import { byProvider, CALLS_MIN, ROWS_MAX, TOO_FEW, moreRows, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatInterval, formatMs, formatRate } from "../format.ts";
import { overlap, wilsonInterval } from "../wilson-interval.ts";

export function successRate({ models, providers }: ReportData): Answer {
  const p95 = new Map(providers.map(({ provider, p95LatencyMs }) => [provider, p95LatencyMs]));
  const rows = byProvider(models)
    .map(({ provider, calls, failed, repeats }) => ({
      provider,
      calls,
      successRate: 1 - failed / calls,
      interval: wilsonInterval(calls - failed, calls),
      // Every call with retry_of repeats one that failed: what failed and was not repeated stayed failed.
      finalSuccessRate: calls > repeats ? 1 - Math.max(0, failed - repeats) / (calls - repeats) : null,
      p95LatencyMs: p95.get(provider) ?? null,
    }))
    .sort((a, b) => rank(b) - rank(a) || b.successRate - a.successRate);
  return {
    id: "success_rate",
    question: "Which provider has the best success rate?",
    answer: bestOf(rows),
    table: {
      head: ["provider", "calls", "success", "95 % interval", "after retries", "p95"],
      rows: rows
        .slice(0, ROWS_MAX)
        .map((row) => [
          row.provider,
          formatCount(row.calls),
          formatRate(row.successRate),
          formatInterval(row.interval),
          formatRate(row.finalSuccessRate),
          formatMs(row.p95LatencyMs),
        ]),
    },
    notes: moreRows(ROWS_MAX, rows.length, "providers"),
    figures: rows.map(({ interval, ...row }) => ({ ...row, intervalLow: interval.low, intervalHigh: interval.high })),
  };
}

interface Row {
  readonly provider: string;
  readonly calls: number;
  readonly successRate: number;
  readonly interval: { readonly low: number; readonly high: number };
}

const rank = ({ calls }: Row): number => (calls >= CALLS_MIN ? 1 : 0);

function bestOf(rows: readonly Row[]): string {
  const [best, second] = rows.filter(({ calls }) => calls >= CALLS_MIN);
  if (best === undefined) return `${rows.length === 0 ? "No calls" : `Every provider has ${TOO_FEW}`}.`;
  const own = `${best.provider}: ${formatRate(best.successRate)} of its calls succeed`;
  if (second === undefined) return `${own}; no other provider has enough calls to compare.`;
  const other = `${second.provider} (${formatRate(second.successRate)})`;
  return overlap(best.interval, second.interval)
    ? `${own}, but ${other} is within the margin: no clear winner yet.`
    : `${own}, clearly ahead of ${other}: their 95 % intervals do not meet.`;
}
