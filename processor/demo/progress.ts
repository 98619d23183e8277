import type { Writable } from "node:stream";

const LABEL_WIDTH = 16;

/** Says what the demo is doing, a line a step: at once when it begins (on a terminal), and with its result when it ends. */
export interface Progress {
  step<T>(label: string, work: (say: (text: string) => void) => Promise<T>, result: (value: T) => string): Promise<T>;
}

export function createProgress(out: Writable & { isTTY?: boolean }): Progress {
  const redraw = (text: string): void => {
    if (out.isTTY === true) out.write(`\r\u001b[2K${text}`);
  };
  return {
    async step(label, work, result) {
      const head = `  ${label.padEnd(LABEL_WIDTH)}`;
      const startMs = performance.now();
      redraw(`${head}…`);
      const value = await work((text) => redraw(`${head}${text}`));
      redraw("");
      out.write(`${head}${result(value)}  ${formatSeconds(performance.now() - startMs)}\n`);
      return value;
    },
  };
}

function formatSeconds(ms: number): string {
  return `(${(ms / 1000).toFixed(1)} s)`;
}
