import type { ErrorPattern } from "../../storage/analytics/error-patterns.ts";
import { sumOf, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatMs, formatRate } from "../format.ts";

export function errorCategories({ errors: { patterns }, models }: ReportData): Answer {
  return {
    id: "error_category",
    question: "What is the most common error category?",
    answer: mostCommonOf(patterns, sumOf(models, "failed")),
    table: {
      head: ["category", "failures", "share", "after", "providers"],
      left: [4],
      rows: patterns.map(({ category, count, percentage, avgDurationMs, affectedProviders }) => [
        category,
        formatCount(count),
        formatRate(percentage / 100),
        formatMs(avgDurationMs),
        affectedProviders.join(", "),
      ]),
    },
    notes: [],
    figures: patterns.map(({ affectedProviders, percentage, ...pattern }) => ({
      ...pattern,
      share: percentage / 100,
      affectedProviders: affectedProviders.join(", "),
    })),
  };
}

function mostCommonOf(patterns: readonly ErrorPattern[], failed: number): string {
  const [top, ...others] = patterns;
  if (top === undefined) return "No call failed.";
  const share = `${formatCount(top.count)} of ${formatCount(failed)} failed calls (${formatRate(top.percentage / 100)})`;
  const alike = others.filter(({ count }) => count === top.count);
  if (alike.length === 0) return `${top.category}: ${share}. ${top.suggestedAction}`;
  return `A tie: ${nameAll([top, ...alike])}, each with ${share}. ${top.category}: ${top.suggestedAction}`;
}

function nameAll(patterns: readonly ErrorPattern[]): string {
  const names = patterns.map(({ category }) => category);
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
