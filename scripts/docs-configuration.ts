import { configVariables } from "../processor/config.ts";

/** docs/configuration.md: every variable of the gateway, from the schema that reads them. */
export function renderConfigurationDoc(): string {
  const variables = configVariables();
  const sections = [...new Set(variables.map(({ section }) => section))];
  return [
    "# Configuration of the gateway",
    "",
    "<!-- Written by `npm run docs` from processor/config.ts. -->",
    "",
    "`genai-otel serve` reads these variables once, at its start. A mistake stops it, and one message lists all of them.",
    "An empty variable counts as absent. Sizes are written `500KB`, `20MB`, `1GB` (powers of 1024), times `500ms`, `10s`, `2m`.",
    ...sections.flatMap((section) => renderSection(section, variables)),
    "",
  ].join("\n");
}

function renderSection(section: string, variables: ReturnType<typeof configVariables>): string[] {
  const rows = variables
    .filter((variable) => variable.section === section)
    .map(({ env, fallback, about }) => `| \`${env}\` | ${fallback} | ${about} |`);
  return ["", `## ${section}`, "", "| variable | default | meaning |", "| --- | --- | --- |", ...rows];
}
