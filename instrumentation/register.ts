import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { diag } from "@opentelemetry/api";
import { lossReport } from "./export-losses.ts";
import { start } from "./start.ts";
import type { StartOptions, Started } from "./start.ts";

/** `node --import genai-otel/register app.js`: the only place in the application that reads its environment and signals. */

type Environment = Readonly<Record<string, string | undefined>>;

/** One start in a process, however often and from wherever this file is loaded. */
const REGISTERED = Symbol.for("genai-otel.registered");
/** A collector that is away must not keep a process from ending. */
const EXIT_FLUSH_MS_MAX = 5_000;
/** Values of the standard variable that put content on spans (OpenTelemetry Python's util-genai knows the last two). */
const CAPTURE_WORDS: ReadonlySet<string> = new Set(["true", "span_only", "span_and_event"]);
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

const losses = lossReport((message) => process.emitWarning(`genai-otel: ${message}`, { code: "GENAI_OTEL_SPANS_LOST" }));

function optionsFrom(env: Environment): StartOptions {
  return {
    traces: {
      exporters: list(env["OTEL_TRACES_EXPORTER"], ["otlp"]),
      batch: batchOptions(env),
      onLoss: losses.note,
      otlpProtocol: text(env["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"]) ?? text(env["OTEL_EXPORTER_OTLP_PROTOCOL"]) ?? "http/protobuf",
    },
    installed: {
      appDir: appDir(process.argv[1]),
      enabled: list(env["OTEL_NODE_ENABLED_INSTRUMENTATIONS"], []),
      disabled: list(env["OTEL_NODE_DISABLED_INSTRUMENTATIONS"], []),
    },
    instrumentation: {
      captureMessageContent: CAPTURE_WORDS.has(env["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"]?.trim().toLowerCase() ?? ""),
    },
    // The gateway takes traces; metrics go where somebody asked for them.
    metrics: text(env["OTEL_METRICS_EXPORTER"]) !== undefined || text(env["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"]) !== undefined,
  };
}

/** The SDK's own defaults stay where nothing is said, except that of the queue. */
function batchOptions(env: Environment): StartOptions["traces"]["batch"] {
  const entries = BATCH_VARIABLES.flatMap(([option, variable]): [string, number][] => {
    const number = Number(text(env[variable]) ?? Number.NaN);
    return number > 0 ? [[option, number]] : [];
  });
  return Object.fromEntries(entries);
}

const BATCH_VARIABLES = [
  ["maxQueueSize", "OTEL_BSP_MAX_QUEUE_SIZE"],
  ["maxExportBatchSize", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
  ["scheduledDelayMillis", "OTEL_BSP_SCHEDULE_DELAY"],
  ["exportTimeoutMillis", "OTEL_BSP_EXPORT_TIMEOUT"],
] as const;

function text(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === "" ? undefined : trimmed;
}

function list(value: string | undefined, otherwise: readonly string[]): readonly string[] {
  const items =
    value
      ?.split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "") ?? [];
  return items.length === 0 ? otherwise : items;
}

function appDir(script: string | undefined): string {
  return script !== undefined && existsSync(script) ? dirname(script) : process.cwd();
}

/** Spans of a process that ends by itself: once everything else is done, which beforeExit says. */
function flushAtEnd(started: Started): void {
  process.on("beforeExit", () => {
    // The export makes work, after which this event comes again; so may the application, when what it waits for holds no process.
    if (started.isDirty()) void lastFlush(started);
  });
  for (const signal of SIGNALS) process.once(signal, () => flushThenEnd(started, signal));
}

/** An application with a handler of its own decides how it ends; without one the signal ends it, once the spans are out. */
function flushThenEnd(started: Started, signal: NodeJS.Signals): void {
  const handled = process.listenerCount(signal) > 0;
  void lastFlush(started).then(() => {
    if (!handled) process.kill(process.pid, signal);
  });
}

async function lastFlush(started: Started): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, EXIT_FLUSH_MS_MAX).unref();
  });
  await Promise.race([started.flush().catch((error: unknown) => diag.debug("genai-otel: the last export failed", error)), limit]);
  clearTimeout(timer);
  const unsent = started.unsent();
  if (unsent > 0) losses.note(unsent, "the process ended before the export did");
  losses.tell();
}

function registerOnce(env: Environment): void {
  const shared = globalThis as { [REGISTERED]?: Started };
  if (shared[REGISTERED] !== undefined || env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return;
  try {
    const started = start(optionsFrom(env));
    shared[REGISTERED] = started;
    flushAtEnd(started);
  } catch (error) {
    // Telemetry that cannot start must not keep the application from starting.
    diag.error("genai-otel: could not start", error);
    process.emitWarning(`genai-otel could not start: ${error instanceof Error ? error.message : String(error)}`);
  }
}

registerOnce(process.env);
