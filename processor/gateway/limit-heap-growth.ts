import { constants, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";

/**
 * The heap may grow to three times what the last full collection left. V8's own choice is up to four times, and more at the
 * beginning: 300 MB of memory at full load instead of 240, for about 3 % less CPU time.
 */
export const GROWTH_PERCENT_MAX = 200;
/** A memory of traces that was configured to be large: to collect it more often would cost more than the memory. */
export const GROWTH_PERCENT_MIN = 50;
/** Of which whatever is not in use may be garbage. Buffers, code and the kernel's memory take another hundred MB. */
const HEAP_BYTES_WANTED = 160 * 1024 * 1024;

/** For the whole process: a gateway has it for itself. What is allowed follows what each full collection leaves. */
export function limitHeapGrowth(): void {
  let percent = GROWTH_PERCENT_MAX;
  setGrowth(percent);
  const observer = new PerformanceObserver((list) => {
    if (!list.getEntries().some(isFull)) return;
    percent = nextGrowthPercent(getHeapStatistics().used_heap_size, percent);
    setGrowth(percent);
  });
  observer.observe({ entryTypes: ["gc"] });
}

function isFull(entry: PerformanceEntry): boolean {
  const { detail } = entry as { readonly detail?: { readonly kind?: number } };
  return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

/**
 * By how much the heap may grow after the next full collection, when this one left so many bytes and lets it grow by `percent`.
 * Half of what comes until then is taken to stay: what fills a memory stays, all of it.
 */
export function nextGrowthPercent(usedBytes: number, percent: number): number {
  const expectedBytes = usedBytes * (1 + percent / 200);
  const next = Math.floor((HEAP_BYTES_WANTED / expectedBytes - 1) * 100);
  return Math.max(GROWTH_PERCENT_MIN, Math.min(GROWTH_PERCENT_MAX, next));
}

function setGrowth(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
