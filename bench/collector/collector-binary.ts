import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.160.0";
const CONFIG = fileURLToPath(new URL("builder-config.yaml", import.meta.url));
/** As builder-config.yaml says. */
const BUILT = "/tmp/otelcol-bench-build/otelcol-bench";
const PLACES = ["/tmp/otelcol-bench", BUILT];

/**
 * Where the Collector of the benchmarks is: COLLECTOR_BINARY, or one that was built before, or one that is built now, which
 * takes minutes; null where there is no Go to build it. Throws where the build fails.
 */
export function collectorBinary(): string | null {
  const given = process.env["COLLECTOR_BINARY"];
  if (given !== undefined) return given;
  const built = PLACES.find((place) => existsSync(place));
  if (built !== undefined) return built;
  return spawnSync("go", ["version"]).status === 0 ? build() : null;
}

function build(): string {
  const folder = mkdtempSync(join(tmpdir(), "genai-otel-builder-"));
  try {
    process.stderr.write("building the Collector from Go modules\n");
    run("go", ["install", BUILDER], { GOBIN: folder });
    run(join(folder, "builder"), ["--config", CONFIG], { CGO_ENABLED: "0" });
    return BUILT;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed`, { cause: error });
}
