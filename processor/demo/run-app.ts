import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Lines of the app's output that are kept to explain a failure. */
const OUTPUT_LINES_KEPT_MAX = 20;

const FROM_SOURCE = import.meta.filename.endsWith(".ts");
/** The package's root: two folders up from processor/demo, one more from dist/processor/demo. */
const PACKAGE_ROOT = resolve(import.meta.dirname, FROM_SOURCE ? "../.." : "../../..");

export interface AppRun {
  /** The provider stand-in that the app's SDKs call. */
  readonly providersUrl: string;
  /** The gateway's OTLP/HTTP endpoint. */
  readonly otlpUrl: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Called with every line that the app prints. */
  readonly onLine: (line: string) => void;
}

/**
 * Runs the example app as a user would: a process of its own with `--import genai-otel/register`, told where to export by
 * the standard variables. Resolves when it ended well; rejects with its last lines when it did not.
 */
export async function runApp(run: AppRun): Promise<void> {
  const app = join(PACKAGE_ROOT, "examples/demo-app/app.mjs");
  if (!existsSync(app)) throw new Error(`the demo's app is missing: ${app}`);
  const child = spawn(process.execPath, [...registerArguments(), app], {
    cwd: PACKAGE_ROOT,
    env: { ...run.env, ...appEnvironment(run) },
    stdio: ["ignore", "pipe", "pipe"],
    signal: run.signal,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
        lines.push(line);
        if (lines.length > OUTPUT_LINES_KEPT_MAX) lines.shift();
        run.onLine(line);
      }
    });
  }
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`the demo's app ended with ${code === null ? String(signal) : `code ${code}`}:\n${lines.join("\n")}`);
}

function registerArguments(): string[] {
  if (FROM_SOURCE) return ["--import", "tsx", "--import", join(PACKAGE_ROOT, "instrumentation/register.ts")];
  return ["--import", join(PACKAGE_ROOT, "dist/instrumentation/register.js")];
}

function appEnvironment(run: AppRun): Record<string, string> {
  return {
    PROVIDERS_URL: run.providersUrl,
    OTEL_EXPORTER_OTLP_ENDPOINT: run.otlpUrl,
    OTEL_SERVICE_NAME: "demo-app",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=demo",
  };
}
