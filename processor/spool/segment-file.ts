import { link, open, readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";

const SEGMENT_PATTERN = /^(\d{12})\.segment$/;
const CORRUPT_SUFFIX = ".corrupt";
/** Damaged files kept for a look at them; older ones make room. */
const CORRUPT_FILES_MAX = 4;

export interface SegmentFile {
  readonly number: number;
  readonly bytes: number;
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(12, "0")}.segment`);
}

/** Segments in the order in which they were written. */
export async function listSegments(directory: string): Promise<SegmentFile[]> {
  const numbers = (await readdir(directory)).flatMap((name) => {
    const digits = SEGMENT_PATTERN.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  const files = await Promise.all(numbers.map(async (number) => ({ number, bytes: (await stat(segmentPath(directory, number))).size })));
  return files.sort((a, b) => a.number - b.number);
}

/** Keeps a second name of a damaged segment, so that draining it does not remove the evidence. Answers that name. */
export async function setSegmentAside(directory: string, number: number): Promise<string> {
  const aside = `${segmentPath(directory, number)}${CORRUPT_SUFFIX}`;
  await link(segmentPath(directory, number), aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const all = (await readdir(directory)).filter((name) => name.endsWith(CORRUPT_SUFFIX)).sort();
  await Promise.all(all.slice(0, -CORRUPT_FILES_MAX).map((name) => unlink(join(directory, name))));
  return aside;
}

/** A file's name is durable when its directory is. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
