import { sumOf, type Answer, type ReportData } from "../answer.ts";
import { formatCount, formatMs, formatRate } from "../format.ts";

export function errorCategories({ errors: { patterns }, models }: ReportData): Answer {
  const [top] = patterns;
  const failed = sumOf(models, "failed");
  return {
    id: "error_category",
    question: "What is the most common error category?",
    answer:
      top === undefined
        ? "No call failed."
        : `${top.category}: ${formatCount(top.count)} of ${formatCount(failed)} failed calls (${formatRate(top.percentage / 100)}). ${top.suggestedAction}`,
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
