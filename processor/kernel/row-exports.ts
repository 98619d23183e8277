import { type KernelGlobal, openModule } from "./kernel-exports.ts";
import { ROW_BINARY } from "./row-binary.ts";

/** What processor/kernel/assembly/row-head.ts exports. */
export interface RowExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly ANSWER: KernelGlobal;
  readonly KEY_JSON: KernelGlobal;
  readonly KEY_JSON_BYTES_MAX: KernelGlobal;
  readonly BODY: KernelGlobal;
  readonly BODY_BYTES_MAX: KernelGlobal;
  readonly ROWS: KernelGlobal;
  readonly ROWS_BYTES: KernelGlobal;
  begin(start: number, end: number, rows: number, fields: number, isCall: number, capturesContent: number): number;
  resume(end: number): number;
  tellKey(jsonLength: number, flags: number): void;
}

/** An instance with a memory of its own; null where there is no WebAssembly, or none with SIMD. */
export const openRowModule = (): RowExports | null => openModule(ROW_BINARY) as RowExports | null;
