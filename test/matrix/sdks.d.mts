export interface MatrixSdk {
  readonly name: string;
  readonly package?: string;
  readonly installed?: boolean;
  readonly lacks?: readonly string[];
  readonly unpriced?: boolean;
  readonly lingers?: boolean;
  /** Cases in which the application itself behaves differently from run to run, and why. */
  readonly differs?: readonly { readonly belowNode: number; readonly cases: readonly string[]; readonly reason: string }[];
  readonly nodeMin?: number;
  readonly instrumentations?: readonly string[];
}
export const SDKS: readonly MatrixSdk[];
