/** A table of texts: the first column to the left, the others to the right unless `left` names them. */
export interface TextTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Positions of further columns that hold words rather than figures. */
  readonly left?: readonly number[];
}

export const WIDTH_MAX = 80;
const INDENT = "  ";
const GAP = "  ";

/** Lines of at most 80 columns: where the words are too long, the widest column of words is cut. */
export function renderTable({ head, rows, left = [] }: TextTable): { head: string; rows: string[] } {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const words = [0, ...left];
  for (let excess = excessOf(widths); excess > 0; excess = excessOf(widths)) {
    const widest = words.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a));
    widths[widest] = Math.max(1, (widths[widest] ?? 1) - excess);
    if (widths[widest] === 1) break;
  }
  const line = (cells: readonly string[]): string =>
    (INDENT + cells.map((cell, column) => fit(cell, widths[column] ?? 0, words.includes(column))).join(GAP)).trimEnd();
  return { head: line(head), rows: rows.map(line) };
}

function excessOf(widths: readonly number[]): number {
  return INDENT.length + widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - WIDTH_MAX;
}

function fit(cell: string, width: number, toLeft: boolean): string {
  const cut = cell.length > width ? `${cell.slice(0, Math.max(0, width - 1))}…` : cell;
  return toLeft ? cut.padEnd(width) : cut.padStart(width);
}

/** A paragraph in lines of at most 80 columns. */
export function wrap(text: string, indent = INDENT): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > WIDTH_MAX) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}
