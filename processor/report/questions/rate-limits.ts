import { byProvider, CALLS_MIN, moreRows, ratio, ROWS_MAX, sumOf, TOO_FEW, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatInterval, formatRate } from "../format.ts";
import { overlap, wilsonInterval, type Interval } from "../wilson-interval.ts";

export function rateLimits({ models }: ReportData): Answer {
  const total = sumOf(models, "rateLimited");
  const rows = byProvider(models)
    .map(({ provider, calls, rateLimited, rateLimitFailed }) => ({
      provider,
      calls,
      rateLimited,
      rate: rateLimited / calls,
      interval: wilsonInterval(Math.min(rateLimited, calls), calls),
      shareOfAll: ratio(rateLimited, total),
      rateLimitFailed,
    }))
    .sort((a, b) => b.rate - a.rate || b.calls - a.calls);
  return {
    id: "rate_limits",
    question: "Do rate limits hit particular providers?",
    answer: concentrationOf(rows, total),
    table: {
      head: ["provider", "calls", "limited", "rate", "95 % interval", "of all", "failed by it"],
      rows: rows
        .slice(0, ROWS_MAX)
        .map((row) => [
          row.provider,
          formatCount(row.calls),
          formatCount(row.rateLimited),
          formatRate(row.rate),
          formatInterval(row.interval),
          formatRate(row.shareOfAll),
          formatCount(row.rateLimitFailed),
        ]),
    },
    notes: [
      "limited: calls that met a rate limit, those included that went on after a retry.",
      ...moreRows(ROWS_MAX, rows.length, "providers"),
    ],
    figures: rows.map(({ interval, ...row }) => ({ ...row, intervalLow: interval.low, intervalHigh: interval.high })),
  };
}

interface Row {
  readonly provider: string;
  readonly calls: number;
  readonly rate: number;
  readonly interval: Interval;
  readonly shareOfAll: number | null;
}

/** Those whose intervals meet the worst one's are hit alike; the rest is hit less. */
function concentrationOf(rows: readonly Row[], total: number): string {
  if (total === 0) return "No call met a rate limit.";
  const [worst, ...others] = rows.filter(({ calls }) => calls >= CALLS_MIN);
  if (worst === undefined) return `${formatCount(total)} calls met a rate limit, but every provider has ${TOO_FEW}.`;
  const alike = [worst, ...others.filter(({ interval }) => overlap(interval, worst.interval))];
  const less = others.filter((row) => !alike.includes(row));
  if (others.length === 0) return `${nameAll([worst])}; no other provider has enough calls to compare.`;
  if (less.length === 0) return `No: ${nameAll(alike)} are within each other's margin.`;
  const share = alike.reduce((sum, { shareOfAll }) => sum + (shareOfAll ?? 0), 0);
  return `Yes: ${nameAll(alike)} of calls, ${formatRate(share)} of all ${formatCount(total)}; clearly less: ${nameAll(less)}.`;
}

const nameAll = (rows: readonly Row[]): string => rows.map(({ provider, rate }) => `${provider} ${formatRate(rate)}`).join(", ");
