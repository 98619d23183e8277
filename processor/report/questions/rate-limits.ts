import { byProvider, CALLS_MIN, ratio, ROWS_MAX, TOO_FEW, moreRows, sumOf, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatInterval, formatMs, formatRate } from "../format.ts";
import { overlap, wilsonInterval, type Interval } from "../wilson-interval.ts";

export function rateLimits({ models }: ReportData): Answer {
  const total = sumOf(models, "rateLimited");
  const rows = byProvider(models)
    .map(({ provider, calls, rateLimited, rateLimitWaitMs }) => ({
      provider,
      calls,
      rateLimited,
      rate: rateLimited / calls,
      interval: wilsonInterval(rateLimited, calls),
      shareOfAll: ratio(rateLimited, total),
      waitMs: ratio(rateLimitWaitMs, rateLimited),
    }))
    .sort((a, b) => b.rate - a.rate || b.calls - a.calls);
  return {
    id: "rate_limits",
    question: "Do rate limits hit particular providers?",
    answer: concentrationOf(rows, total),
    table: {
      head: ["provider", "calls", "limited", "rate", "95 % interval", "of all", "mean wait"],
      rows: rows
        .slice(0, ROWS_MAX)
        .map((row) => [
          row.provider,
          formatCount(row.calls),
          formatCount(row.rateLimited),
          formatRate(row.rate),
          formatInterval(row.interval),
          formatRate(row.shareOfAll),
          formatMs(row.waitMs),
        ]),
    },
    notes: moreRows(ROWS_MAX, rows.length, "providers"),
    figures: rows.map(({ interval, ...row }) => ({ ...row, intervalLow: interval.low, intervalHigh: interval.high })),
  };
}

interface Row {
  readonly provider: string;
  readonly calls: number;
  readonly rateLimited: number;
  readonly rate: number;
  readonly interval: Interval;
  readonly shareOfAll: number | null;
}

function concentrationOf(rows: readonly Row[], total: number): string {
  if (total === 0) return "No call was rate limited.";
  const enough = rows.filter(({ calls }) => calls >= CALLS_MIN);
  const [worst, ...others] = enough;
  if (worst === undefined) return `${formatCount(total)} calls were rate limited, but every provider has ${TOO_FEW}.`;
  const own = `${worst.provider}: ${formatRate(worst.rate)} of its calls, ${formatRate(worst.shareOfAll)} of all ${formatCount(total)} rate limits`;
  if (others.length === 0) return `${own}; no other provider has enough calls to compare.`;
  const [second] = others;
  return second !== undefined && overlap(worst.interval, second.interval)
    ? `No single one: ${own}, but ${second.provider} (${formatRate(second.rate)}) is within the margin.`
    : `Yes, ${own}; clearly more than ${second?.provider} (${formatRate(second?.rate ?? 0)}).`;
}
