import type { ErrorPatterns } from "../storage/analytics/error-patterns.ts";
import type { ModelEconomics } from "../storage/analytics/model-economics.ts";
import type { ProviderComparison } from "../storage/analytics/provider-comparison.ts";
import type { TextTable } from "./text-table.ts";

/** What the questions are answered from. */
export interface ReportData {
  readonly providers: readonly ProviderComparison[];
  readonly models: readonly ModelEconomics[];
  readonly errors: ErrorPatterns;
}

/** One question, answered. */
export interface Answer {
  readonly id: string;
  readonly question: string;
  /** One sentence: the answer, and why. */
  readonly answer: string;
  readonly table: TextTable;
  /** What the reader must know to read the table rightly. */
  readonly notes: readonly string[];
  /** The figures of the table, for programs: rates are 0 to 1, money in USD, times in ms. */
  readonly figures: readonly Readonly<Record<string, string | number | null>>[];
}

/** Below this many calls a rate says nothing: 95 % intervals are then 15 points wide and more. */
export const CALLS_MIN = 30;

export const TOO_FEW = `too few calls to say (fewer than ${CALLS_MIN})`;

/** Models or providers shown per table; the rest is summed up in a note. */
export const ROWS_MAX = 8;

export const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

type Summed = Omit<ModelEconomics, "provider" | "model">;

/** The models of each provider summed up, most calls first. */
export function byProvider(models: readonly ModelEconomics[]): (Summed & { readonly provider: string })[] {
  const providers = new Map<string, Record<string, number | string>>();
  for (const { model: _, ...row } of models) {
    const sums = providers.get(row.provider);
    if (sums === undefined) providers.set(row.provider, { ...row });
    else for (const [name, value] of Object.entries(row)) if (typeof value === "number") sums[name] = Number(sums[name]) + value;
  }
  return ([...providers.values()] as unknown as (Summed & { provider: string })[]).sort((a, b) => b.calls - a.calls);
}

export function sumOf(models: readonly ModelEconomics[], name: keyof Summed): number {
  return models.reduce((sum, row) => sum + row[name], 0);
}

export function moreRows(shown: number, all: number, what: string): string[] {
  return all > shown ? [`${all - shown} more ${what} are not shown.`] : [];
}
