import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { renderAttributesDoc } from "./docs-attributes.ts";
import { renderConfigurationDoc } from "./docs-configuration.ts";
import { renderCostsDoc } from "./docs-costs.ts";
import { renderErrorsDoc } from "./docs-errors.ts";
import { renderMetricsDoc } from "./docs-metrics.ts";

// npm run docs: writes the documents that are generated from tables. With --check it writes nothing and fails when one is stale.

const ROOT = resolve(import.meta.dirname, "..");

const DOCUMENTS: Readonly<Record<string, () => string>> = {
  "docs/attributes.md": renderAttributesDoc,
  "docs/configuration.md": renderConfigurationDoc,
  "docs/costs.md": renderCostsDoc,
  "docs/errors.md": renderErrorsDoc,
  "docs/metrics.md": renderMetricsDoc,
};

const checkOnly = process.argv.includes("--check");
const stale = Object.entries(DOCUMENTS).filter(([path, render]) => {
  const file = join(ROOT, path);
  const text = render();
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  if (!checkOnly) writeFileSync(file, text);
  return true;
});

for (const [path] of stale) process.stdout.write(checkOnly ? `${path} is stale: run npm run docs\n` : `wrote ${path}\n`);
if (checkOnly && stale.length > 0) process.exitCode = 1;
