import { sumOf, type Answer, type ReportData } from "./answer.ts";
import { formatCount, formatRate, formatUsd } from "./format.ts";
import { renderTable, WIDTH_MAX, wrap } from "./text-table.ts";

export interface Report {
  readonly from: Date;
  readonly to: Date;
  readonly data: ReportData;
  readonly answers: readonly Answer[];
}

/** SGR codes (ECMA-48). */
const CODES = { bold: 1, dim: 2, cyan: 36 } as const;
type Paint = (style: keyof typeof CODES, text: string) => string;

/** Text of at most 80 columns; colours only where they can be seen. */
export function renderReport({ from, to, data, answers }: Report, coloured: boolean): string {
  const paint: Paint = coloured ? (style, text) => `\u001b[${CODES[style]}m${text}\u001b[0m` : (_, text) => text;
  const head = [paint("bold", `GenAI calls, ${spanOf(from, to)}`), summaryOf(data), ""];
  const sections = answers.flatMap((answer, i) => [...renderAnswer(answer, i + 1, paint), ""]);
  return [...head, ...sections].join("\n");
}

/** What to do when there is nothing to report. */
export function emptyReport(from: Date, to: Date): string {
  return `No GenAI calls, ${spanOf(from, to)}.

  Look further back:      genai-otel report --since 30d
  See it with an example: genai-otel demo
  Send your own:          genai-otel serve, then in your app
                          OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 \\
                            node --import genai-otel/register app.js
  Find what is missing:   genai-otel doctor
`;
}

function renderAnswer({ question, answer, table, notes }: Answer, number: number, paint: Paint): string[] {
  const lines = [paint("bold", `${number}. ${question}`), ...wrap(answer).map((line) => paint("cyan", line))];
  if (table.rows.length > 0) {
    const rendered = renderTable(table);
    lines.push("", paint("dim", rendered.head), ...rendered.rows);
  }
  for (const note of notes) lines.push(...wrap(note).map((line) => paint("dim", line)));
  return lines;
}

const spanOf = (from: Date, to: Date): string => `${timeOf(from)} to ${timeOf(to)} UTC`;

const timeOf = (time: Date): string => time.toISOString().slice(0, 16).replace("T", " ");

function summaryOf({ models, providers }: ReportData): string {
  const calls = sumOf(models, "calls");
  const parts = [
    `${formatCount(calls)} calls`,
    `${providers.length} ${providers.length === 1 ? "provider" : "providers"}`,
    `${formatRate(1 - sumOf(models, "failed") / calls)} succeeded`,
    sumOf(models, "pricedCalls") > 0 ? `${formatUsd(sumOf(models, "costUsd"))} known cost` : "no known cost",
  ];
  const line = parts.join(", ");
  return line.length > WIDTH_MAX ? parts.slice(0, 2).join(", ") : line;
}
