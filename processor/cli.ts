#!/usr/bin/env node
import type { Command } from "./cli/command.ts";

interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every subcommand, loaded only when it is called: `categorize` must not wait for a database driver. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  serve: {
    summary: "the gateway: OTLP in, enriched spans out to PostgreSQL and/or OTLP",
    load: async () => (await import("./cli/serve.ts")).serve,
  },
  demo: {
    summary: "the whole pipeline on this machine, with nothing installed; --once ends after the report",
    load: async () => (await import("./cli/demo.ts")).demo,
  },
  report: {
    summary: "the seven questions answered from PostgreSQL [--since 7d] [--json]",
    load: async () => (await import("./cli/report.ts")).report,
  },
  migrate: { summary: "bring the database to this version's schema", load: async () => (await import("./cli/migrate.ts")).migrate },
  enrich: {
    summary: "stdin: OTLP/JSON requests, one per line; stdout: the same, enriched",
    load: async () => (await import("./cli/enrich.ts")).enrich,
  },
  categorize: {
    summary: "stdin: failed calls as JSON lines; stdout: category, retryable, wait, rule",
    load: async () => (await import("./cli/categorize.ts")).categorize,
  },
  price: { summary: "stdin: attributes as JSON lines; stdout: tokens and money", load: async () => (await import("./cli/price.ts")).price },
  prices: {
    summary: "list, find and explain prices: prices explain openai gpt-5.2 --at 2026-11-01",
    load: async () => (await import("./cli/prices.ts")).prices,
  },
  doctor: {
    summary: "say which part of the pipeline is missing or silent, and what to do",
    load: async () => (await import("./cli/doctor.ts")).doctor,
  },
};

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return ["usage: genai-otel <command> [options]", "", ...lines, "", "genai-otel <command> --help says more.", ""].join("\n");
}

/** After a signal: time for what has ended to leave. */
const LINGER_MS = 1000;

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(usage());
    return name === undefined ? 2 : 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    process.stderr.write(`genai-otel: no command named "${name}"\n\n${usage()}`);
    return 2;
  }
  const stop = new AbortController();
  // The first signal asks the command to finish; a second one means it: the process ends at once.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort(signal)));
  }
  const command = await entry.load();
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env, signal: stop.signal };
  const code = await command(args, io);
  // A connection to somebody who does not answer keeps no process that was asked to end.
  if (stop.signal.aborted) setTimeout(() => process.exit(), LINGER_MS).unref();
  return code;
}

// A reader that closes the pipe early (`| head`) is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`genai-otel: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
