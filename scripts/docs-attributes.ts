import { NORMALIZED_MEANINGS, OWN_MEANINGS, type AttributeMeaning } from "../processor/core/attributes.ts";
import { DIALECTS } from "../processor/core/dialect.ts";
import type { DialectTable } from "../processor/core/dialects/dialect-table.ts";
import { MODEL_ENDPOINTS } from "../processor/core/model-endpoint.ts";

/** docs/attributes.md: what enrichment adds, and what it reads from whom, from the tables that it works by. */
export function renderAttributesDoc(): string {
  return [
    "# Attributes",
    "",
    "<!-- Written by `npm run docs` from processor/core/attributes.ts, processor/core/dialects/ and processor/core/model-endpoint.ts. -->",
    "",
    "Absent means unknown; 0 means measured zero. Nothing that a span carries is taken away, and no key stands twice.",
    "",
    "## What is added",
    "",
    ...renderMeanings(OWN_MEANINGS),
    "",
    "## What is normalised",
    "",
    "Written by the names of the current OpenTelemetry GenAI convention, whatever dialect the span came in. Attributes of the dialect stay beside them.",
    "",
    ...renderMeanings(NORMALIZED_MEANINGS),
    "",
    "## Which span is the call",
    "",
    ...WHICH_SPAN,
    "",
    "## Dialects",
    "",
    ...HOW_DIALECTS_ARE_TOLD,
    ...DIALECTS.flatMap(renderDialect),
    "",
    "## Model endpoints",
    "",
    "An HTTP client span (POST) to one of these that no GenAI span stands for becomes a model call of its own, once its trace has settled.",
    "",
    "| host | provider | paths |",
    "| --- | --- | --- |",
    ...renderEndpoints(),
    "",
  ].join("\n");
}

const WHICH_SPAN = [
  "`llm_call` is true for exactly one span per call to a model. Of several spans that tell of one call (a framework's callback around an SDK's own span, two",
  "instrumentations at once) the innermost counts: it is nearest to the wire and ends first. Agents, workflows, tools and spans that repeat the usage of what is below them are false.",
];

const HOW_DIALECTS_ARE_TOLD = [
  "By the instrumentation scope, else by attributes that only one emitter writes, else a span with any `gen_ai.*` mark is read by the convention and its scope is",
  "counted as unknown. Of several spellings the first that is present wins; those of the convention follow behind each dialect's own. Token counts have rules of their own: docs/costs.md.",
];

function renderMeanings(meanings: Readonly<Record<string, AttributeMeaning>>): string[] {
  const rows = Object.entries(meanings).map(([key, { type, on, meaning }]) => row(code(key), type, on, meaning));
  return ["| attribute | type | on | meaning |", "| --- | --- | --- | --- |", ...rows];
}

function renderDialect(table: DialectTable): string[] {
  const told = [
    ...(table.scopes ?? []).map((scope) => `scope ${code(scope)}`),
    ...(table.scopePrefixes ?? []).map((prefix) => `scope ${code(`${prefix}*`)}`),
    ...(table.markers ?? []).map((marker) => code(marker)),
    ...(table.namePrefixes ?? []).map((prefix) => `span name ${code(`${prefix}*`)}`),
  ];
  const fields = Object.entries(table.fields ?? {}).map(([field, keys]) => row(field, keys.map(code).join(", ")));
  const operations = Object.entries(table.operations ?? {}).map(([word, operation]) => `${code(word)} = ${operation}`);
  return [
    "",
    `### ${table.name}`,
    "",
    `${table.emitter}. Told by ${told.join(", ")}.`,
    "",
    table.note,
    ...(fields.length === 0 ? [] : ["", "| field | keys |", "| --- | --- |", ...fields]),
    ...(operations.length === 0 ? [] : ["", `Operations: ${operations.join(", ")}.`]),
  ];
}

function renderEndpoints(): string[] {
  const paths = new Map<string, string[]>();
  for (const { host, path, provider } of MODEL_ENDPOINTS) {
    const cells = row(code(host ?? "any"), code(provider ?? ""));
    paths.set(cells, [...(paths.get(cells) ?? []), code(path.source.replaceAll("\\/", "/")).replaceAll("|", "\\|")]);
  }
  return [...paths].map(([cells, sources]) => `${cells} ${sources.join(", ")} |`);
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}
