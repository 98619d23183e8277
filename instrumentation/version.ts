import { readFileSync } from "node:fs";

const LEVELS_MAX = 5;

/** Of the package, whose manifest lies above this file: one level in the sources, two in dist. */
export const VERSION: string = readVersion();

function readVersion(): string {
  let url = new URL(import.meta.url);
  for (let level = 0; level < LEVELS_MAX; level++) {
    url = new URL("../package.json", new URL(".", url));
    const version = versionIn(url);
    if (version !== undefined) return version;
  }
  return "0.0.0";
}

function versionIn(url: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(url, "utf8")) as { name?: unknown; version?: unknown };
    return name === "genai-otel" && typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
