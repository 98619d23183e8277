// What tsc leaves behind: the .sql and .json files beside the sources, copied to the same place under dist.
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";

const ROOTS = ["instrumentation", "processor"];
const ASSET = /\.(?:sql|json)$/;

for (const root of ROOTS) {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !ASSET.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    cpSync(path, join("dist", path));
  }
}
