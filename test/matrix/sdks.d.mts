export interface MatrixSdk {
  readonly name: string;
  readonly package: string;
  readonly provider: string;
  readonly lacks?: readonly string[];
}
export const SDKS: readonly MatrixSdk[];
