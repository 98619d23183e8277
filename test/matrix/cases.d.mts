import type { MatrixCase } from "./judge.ts";

export const CASES: readonly MatrixCase[];
export const STREAM_ERROR_CATEGORIES: Readonly<Record<string, string>>;
export function runsOn(testCase: Pick<MatrixCase, "needs" | "name">, sdk: { readonly lacks?: readonly string[] }): boolean;
export function scriptIdOf(sdk: string, testCase: string): string;
export const OUTCOME_CATEGORIES: Readonly<Record<string, string | undefined>>;
