/** Memory of one batch's streams. */
export interface CopyMemory {
  /** Exactly so many bytes. */
  take(bytes: number): Buffer;
  /** All that was taken; only once nobody reads it any more. */
  giveBack(): void;
}

/** Sizes double from here on, so that what held one batch holds the next. */
const BYTES_MIN = 256 * 1024;
/** What a rare batch takes beyond it goes back to the system. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
/** As many as there are batches on their way, of two tables each. */
const KEPT_MAX = 8;

/** Writing into memory that is there already costs no page faults, which are a tenth of the writing otherwise. */
export function createCopyMemories(): () => CopyMemory {
  const free: Buffer[] = [];
  return () => {
    const taken: Buffer[] = [];
    return {
      take(bytes) {
        const at = free.findIndex(({ length }) => length >= bytes);
        const memory = at < 0 ? Buffer.allocUnsafeSlow(sizeOf(bytes)) : (free.splice(at, 1)[0] as Buffer);
        taken.push(memory);
        return memory.subarray(0, bytes);
      },
      giveBack() {
        for (const memory of taken.splice(0)) if (free.length < KEPT_MAX && memory.length <= KEPT_BYTES_MAX) free.push(memory);
      },
    };
  };
}

function sizeOf(bytes: number): number {
  let size = BYTES_MIN;
  while (size < bytes) size *= 2;
  return size;
}
