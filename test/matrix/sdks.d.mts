export interface MatrixSdk {
  readonly name: string;
  readonly package?: string;
  readonly installed?: boolean;
  readonly lacks?: readonly string[];
  readonly unpriced?: boolean;
  readonly lingers?: boolean;
  readonly nodeMin?: number;
  readonly unsteady?: readonly string[];
  readonly nodes?: readonly number[];
  readonly instrumentations?: readonly string[];
  readonly start?: "register" | "register on SDK 3" | "own SDK 3";
}
export function runsIn(sdk: MatrixSdk, major: number): boolean;
export const SDKS: readonly MatrixSdk[];
