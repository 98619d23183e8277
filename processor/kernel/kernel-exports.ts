import { KERNEL_BINARY } from "./kernel-binary.ts";
import type { EmissionExports } from "./request-writer.ts";

/** An address or a number that a module exports. */
export interface KernelGlobal {
  readonly value: number;
}

/** What processor/kernel/assembly/kernel.ts exports; addresses and bounds are its own. */
export interface KernelExports extends EmissionExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly BODY: KernelGlobal;
  readonly BODY_BYTES_MAX: KernelGlobal;
  readonly SPANS: KernelGlobal;
  readonly SPANS_MAX: KernelGlobal;
  readonly IDS: KernelGlobal;
  readonly TRACES: KernelGlobal;
  readonly NUMBERS: KernelGlobal;
  readonly NUMBERS_MAX: KernelGlobal;
  readonly MARKS: KernelGlobal;
  readonly MARKS_MAX: KernelGlobal;
  readonly MESSAGES: KernelGlobal;
  readonly MESSAGES_MAX: KernelGlobal;
  readonly RESOURCES: KernelGlobal;
  readonly RESOURCES_MAX: KernelGlobal;
  readonly MEMORY_END: KernelGlobal;
  /** Of the request that was walked last. */
  readonly traceCount: KernelGlobal;
  readonly messageCount: KernelGlobal;
  readonly resourceCount: KernelGlobal;
  reset(): void;
  isFull(): number;
  addKey(length: number, shaping: number, writtenIndex: number): number;
  limitTimes(startMsMin: number, startMsMax: number, durationMsMax: number): void;
  recognise(length: number): number;
  teach(span: number, shape: number, numbers: number): number;
}

/** As much of it as is used: its types come with those of browsers, of which nothing else is wanted. */
interface WebAssemblyApi {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** An instance of the kernel with a memory of its own; null where there is no WebAssembly, or none with SIMD. */
export function openKernel(): KernelExports | null {
  return openModule(KERNEL_BINARY) as KernelExports | null;
}

/** What an instance of a module exports, which is given in base64; `memory` is another's, for a module that has none of its own. */
export function openModule(binary: string, memory?: object): unknown {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return null;
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(binary, "base64")), { env: { memory } }).exports;
  } catch {
    return null;
  }
}
