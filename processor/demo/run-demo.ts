import type { CommandIo } from "../cli/command.ts";
import { readConfig } from "../config.ts";
import { startGateway, type Gateway } from "../serve.ts";
import { createProgress, type Progress } from "./progress.ts";
import { startProviderStandIn } from "./provider-stand-in.ts";
import { runApp } from "./run-app.ts";
import { sendHistory } from "./send-history.ts";

export interface DemoOptions {
  readonly httpPort: number;
  readonly grpcPort: number | "off";
  /** The demo's own folder: its invented week never mixes with real rows. */
  readonly dataDir: string;
  readonly once: boolean;
  /** Days of history that are sent first. */
  readonly days: number;
  /** OTLP/HTTP endpoint of a gateway that runs elsewhere; null: the demo brings its own, with an embedded database. */
  readonly otlpUrl: string | null;
  /** Prints the report from the database at this URL. */
  readonly report: (databaseUrl: string) => Promise<void>;
}

/** Pause between two runs of the app while the demo stays up. */
const APP_PAUSE_MS = 5000;

/**
 * The main job on real input: an app with the real provider SDKs under `genai-otel/register` calls a local stand-in for the
 * providers; its spans go through the gateway into PostgreSQL, and the report answers from there. Everything that was
 * started is stopped, also when a step fails or the user interrupts.
 */
export async function runDemo(options: DemoOptions, io: CommandIo): Promise<number> {
  const progress = createProgress(io.stdout);
  const undo: (() => Promise<void>)[] = [];
  try {
    io.stdout.write("\n  genai-otel demo: real provider SDKs -> enriched spans -> PostgreSQL -> answers\n\n");
    const elsewhere = options.otlpUrl === null ? null : { databaseUrl: null, otlpUrl: options.otlpUrl };
    const { databaseUrl, otlpUrl } = elsewhere ?? (await startPipeline(options, { io, progress, undo }));
    const providers = await startProviderStandIn({});
    undo.push(() => providers.close());
    if (options.days > 0) {
      const sending = { otlpUrl, days: options.days, nowMs: Date.now(), signal: io.signal };
      await progress.step(
        "history",
        (say) => sendHistory({ ...sending, say }),
        (sent) => `${options.days} days, ${sent.spans.toLocaleString("en")} spans through the OTLP door`,
      );
    }
    const app = { providersUrl: providers.url, otlpUrl, env: io.env, signal: io.signal };
    await progress.step(
      "app",
      (say) => runApp({ ...app, onLine: say }),
      () => `openai, @anthropic-ai/sdk and @google/genai under genai-otel/register`,
    );
    io.stdout.write("\n");
    if (databaseUrl !== null) await options.report(databaseUrl);
    if (!options.once) await stayUp(() => runApp({ ...app, onLine: () => undefined }), { io, otlpUrl, dataDir: options.dataDir });
    return 0;
  } catch (error) {
    if (io.signal.aborted) return 130;
    throw error;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

interface Running {
  readonly io: CommandIo;
  readonly progress: Progress;
  readonly undo: (() => Promise<void>)[];
}

async function startPipeline(options: DemoOptions, { io, progress, undo }: Running): Promise<{ databaseUrl: string; otlpUrl: string }> {
  const gateway = await progress.step("gateway", () => startDemoGateway(options), describeGateway);
  undo.push(() => gateway.close());
  for (const warning of gateway.warnings) io.stderr.write(`  ${warning}\n`);
  if (gateway.databaseUrl === null) throw new Error("the demo's gateway came up without a database");
  return { databaseUrl: gateway.databaseUrl, otlpUrl: `http://127.0.0.1:${gateway.httpPort}` };
}

function startDemoGateway(options: DemoOptions): Promise<Gateway> {
  return startGateway(
    readConfig({
      HTTP_PORT: String(options.httpPort),
      GRPC_PORT: String(options.grpcPort),
      DATA_DIR: options.dataDir,
      WORKERS: "1",
      LOG_LEVEL: "error",
    }),
  );
}

const describeGateway = (gateway: Gateway): string =>
  `http://127.0.0.1:${gateway.httpPort}${gateway.grpcPort === null ? "" : `, gRPC ${gateway.grpcPort}`}, embedded PostgreSQL behind it`;

interface StayingUp {
  readonly io: CommandIo;
  readonly otlpUrl: string;
  readonly dataDir: string;
}

/** Keeps the app running again and again, so that there is something to look at, until the user stops the demo. */
async function stayUp(runOnce: () => Promise<void>, { io, otlpUrl, dataDir }: StayingUp): Promise<void> {
  io.stdout.write(
    [
      "",
      "  Still running; the app goes on calling. Ctrl-C stops everything.",
      `  Your own app:  OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl} node --import genai-otel/register app.js`,
      `  Ask again:     genai-otel report --data-dir ${dataDir} --since 1h`,
      "",
      "",
    ].join("\n"),
  );
  while (!io.signal.aborted) {
    await pause(APP_PAUSE_MS, io.signal);
    if (io.signal.aborted) return;
    await runOnce().catch((error: unknown) => {
      if (!io.signal.aborted) io.stderr.write(`  ${error instanceof Error ? error.message : String(error)}\n`);
    });
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
