import { createRequire } from "node:module";

/** Of the package; found from the sources and from dist alike. */
export const VERSION: string = readVersion(["../package.json", "../../package.json"]);

function readVersion(paths: readonly string[]): string {
  const require = createRequire(import.meta.url);
  for (const path of paths) {
    try {
      const { name, version } = require(path) as { name?: unknown; version?: unknown };
      if (name === "genai-otel" && typeof version === "string") return version;
    } catch {
      // Not there: the next.
    }
  }
  return "0.0.0";
}
