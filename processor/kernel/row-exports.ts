import { type KernelExports, type KernelGlobal, openModule } from "./kernel-exports.ts";
import { ROW_BINARY } from "./row-binary.ts";

/** What processor/kernel/assembly/rows.ts exports; addresses are in the kernel's memory. */
export interface RowExports {
  readonly ANSWER: KernelGlobal;
  readonly KEY_JSON: KernelGlobal;
  readonly KEY_JSON_BYTES_MAX: KernelGlobal;
  readonly BODY: KernelGlobal;
  readonly BODY_BYTES_MAX: KernelGlobal;
  readonly PLANS: KernelGlobal;
  readonly PLANS_BYTES_MAX: KernelGlobal;
  readonly SPANS_MAX: KernelGlobal;
  readonly JOBS: KernelGlobal;
  readonly VALUES: KernelGlobal;
  readonly ROW_FACTS: KernelGlobal;
  readonly ROW_MICROS: KernelGlobal;
  readonly ROWS_MAX: KernelGlobal;
  readonly CALLS: KernelGlobal;
  readonly CALL_NUMBERS: KernelGlobal;
  readonly CALLS_MAX: KernelGlobal;
  readonly ODD: KernelGlobal;
  readonly ROWS: KernelGlobal;
  readonly ROWS_FULL: KernelGlobal;
  readonly ROWS_BYTES: KernelGlobal;
  readonly ROW_MEMORY_END: KernelGlobal;
  begin(start: number, end: number, rows: number, fields: number, isCall: number, capturesContent: number): number;
  resume(end: number): number;
  tellKey(jsonLength: number, flags: number): void;
  placeRows(bytesBefore: number, callsBefore: number): void;
  writeRows(from: number, end: number, at: number, capturesContent: number): number;
  resumeRows(end: number): number;
}

/** The module that writes rows, with the memory of a kernel. */
export interface RowKernel extends RowExports {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** Where a kernel runs this module does too. */
export function openRowModule({ memory }: KernelExports): RowKernel {
  const rows = openModule(ROW_BINARY, memory) as RowExports | null;
  if (rows === null) throw new Error("the module that writes rows does not open in the kernel's memory");
  return { ...rows, memory };
}
