import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { provisioningFiles } from "./provisioning-files.ts";

/**
 * Writes provisioning/grafana from the typed code (`npm run dashboards`); with --check it writes nothing and fails when a
 * file on disk differs from what the code says, is missing, or is left over.
 */
const ROOT = join(import.meta.dirname, "..", "provisioning", "grafana");
const RUNBOOKS = join(import.meta.dirname, "..", "docs", "runbooks.md");

async function main(check: boolean): Promise<number> {
  const files = provisioningFiles(await readFile(RUNBOOKS, "utf8"));
  const stale = [...(await differing(files)), ...(await leftOver(files))];
  if (check) {
    for (const { path, state } of stale) process.stderr.write(`${path}: ${state}\n`);
    if (stale.length > 0) process.stderr.write("npm run dashboards writes them anew.\n");
    return stale.length === 0 ? 0 : 1;
  }
  for (const { path, state } of stale) {
    if (state === "left over") await rm(join(ROOT, path));
    else await write(join(ROOT, path), files.get(path) ?? "");
    process.stdout.write(`${path}: ${state}\n`);
  }
  return 0;
}

interface Stale {
  readonly path: string;
  readonly state: "missing" | "differs" | "left over";
}

async function differing(files: ReadonlyMap<string, string>): Promise<Stale[]> {
  const found: Stale[] = [];
  for (const [path, text] of files) {
    const onDisk = await readFile(join(ROOT, path), "utf8").catch(() => null);
    if (onDisk !== text) found.push({ path, state: onDisk === null ? "missing" : "differs" });
  }
  return found;
}

/** JSON below dashboards/ is all ours to make; what the code no longer names would live on in Grafana. */
async function leftOver(files: ReadonlyMap<string, string>): Promise<Stale[]> {
  const onDisk = await readdir(join(ROOT, "dashboards"), { recursive: true });
  const paths = onDisk.filter((path) => path.endsWith(".json")).map((path) => join("dashboards", path));
  return paths.filter((path) => !files.has(path)).map((path) => ({ path, state: "left over" }));
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

process.exitCode = await main(process.argv.includes("--check"));
