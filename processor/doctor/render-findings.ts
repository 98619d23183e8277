import { STATIONS, type Finding, type Station } from "./finding.ts";

const TITLES: Readonly<Record<Station, string>> = {
  app: "App",
  gateway: "Gateway",
  database: "Database",
  spans: "Spans",
  prices: "Prices",
  grafana: "Grafana",
};

const MARKS: Readonly<Record<Finding["verdict"], { readonly mark: string; readonly colour: number }>> = {
  ok: { mark: "ok", colour: 32 },
  warning: { mark: "warning", colour: 33 },
  problem: { mark: "problem", colour: 31 },
  unchecked: { mark: "unchecked", colour: 90 },
};

const MARK_WIDTH = 11;
const LINE_WIDTH = 78;

/** The findings in the order in which a span travels, the next step under every problem; at most 80 columns. */
export function renderFindings(findings: readonly Finding[], colour: boolean): string {
  const lines = STATIONS.flatMap((station) => {
    const own = findings.filter((finding) => finding.station === station);
    return own.length === 0 ? [] : [TITLES[station], ...own.flatMap((finding) => renderFinding(finding, colour)), ""];
  });
  return `${[...lines, conclude(findings)].join("\n")}\n`;
}

function renderFinding({ verdict, what, next }: Finding, colour: boolean): string[] {
  const { mark, colour: code } = MARKS[verdict];
  const painted = colour ? `\u001b[${code}m${mark.padEnd(MARK_WIDTH)}\u001b[0m` : mark.padEnd(MARK_WIDTH);
  const indent = " ".repeat(2 + MARK_WIDTH);
  const [first = "", ...rest] = wrap(what, LINE_WIDTH - indent.length);
  const step = next === undefined ? [] : wrap(`-> ${next}`, LINE_WIDTH - indent.length);
  return [`  ${painted}${first}`, ...[...rest, ...step].map((line) => `${indent}${line}`)];
}

function conclude(findings: readonly Finding[]): string {
  const count = (verdict: Finding["verdict"]): number => findings.filter((finding) => finding.verdict === verdict).length;
  const [problems, warnings] = [count("problem"), count("warning")];
  if (problems + warnings === 0) return "Nothing is missing.";
  const first = findings.find(({ verdict }) => verdict === (problems > 0 ? "problem" : "warning"));
  const counts = `${problems} ${problems === 1 ? "problem" : "problems"}, ${warnings} ${warnings === 1 ? "warning" : "warnings"}.`;
  return first?.next === undefined ? counts : wrap(`${counts} Begin with: ${first.next}`, LINE_WIDTH).join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
