export interface MatrixSdk {
  readonly name: string;
  readonly package?: string;
  readonly installed?: boolean;
  readonly lacks?: readonly string[];
  readonly unpriced?: boolean;
  readonly lingers?: boolean;
  readonly nodeMin?: number;
  readonly instrumentations?: readonly string[];
}
export const SDKS: readonly MatrixSdk[];
