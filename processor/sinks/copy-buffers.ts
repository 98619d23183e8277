import { CopyBuffer } from "./copy-buffer.ts";

/** Memory of one batch. */
export interface BatchMemory {
  readonly traces: CopyBuffer;
  readonly spans: CopyBuffer;
}

export interface CopyBuffers {
  take(): BatchMemory;
  /** Only once nobody reads its bytes any more. */
  giveBack(memory: BatchMemory): void;
}

const BYTES_AT_FIRST = 64 * 1024;
/** Memory that is kept for the next batch; what a rare batch took beyond it goes back to the system. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
const KEPT_MAX = 4;

/** Encoding into memory that is there already costs no page faults, which are a tenth of the encoding otherwise. */
export function createCopyBuffers(): CopyBuffers {
  const free: BatchMemory[] = [];
  return {
    take: () => free.pop() ?? { traces: new CopyBuffer(BYTES_AT_FIRST), spans: new CopyBuffer(BYTES_AT_FIRST) },
    giveBack(memory) {
      if (free.length < KEPT_MAX && memory.traces.capacity + memory.spans.capacity <= KEPT_BYTES_MAX) free.push(memory);
    },
  };
}
