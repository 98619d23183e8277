import { parseArgs } from "node:util";
import { runDemo } from "../demo/run-demo.ts";
import { printReport } from "../report/print-report.ts";
import type { Command } from "./command.ts";

const HELP = `usage: genai-otel demo [--once] [--days N] [--port N] [--grpc-port N|off] [--data-dir DIR] [--otlp-url URL]

Runs the whole pipeline on this machine with nothing installed: an embedded PostgreSQL, the gateway, and an
app with the real provider SDKs against a local stand-in for the providers. Then it answers the seven questions.

  --once             end after the report
  --days N           days of history to invent first, 0 to 30 (14: a week, and the one before it to compare with)
  --port N           OTLP/HTTP port of the gateway (4318)
  --grpc-port N|off  OTLP/gRPC port (4317)
  --data-dir DIR     folder of the database (.genai-otel/demo); remove it to start afresh
  --otlp-url URL     send to a gateway that runs elsewhere, with a database of its own: no gateway and no report here
`;

const DAYS_MAX = 30;

export const demo: Command = async (args, io) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: "boolean", default: false },
      days: { type: "string", default: "14" },
      port: { type: "string", default: "4318" },
      "grpc-port": { type: "string", default: "4317" },
      "data-dir": { type: "string", default: ".genai-otel/demo" },
      "otlp-url": { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout.write(HELP);
    return 0;
  }
  return runDemo(
    {
      once: values.once,
      days: readNumber("--days", values.days, DAYS_MAX),
      httpPort: readNumber("--port", values.port, 65_535),
      grpcPort: values["grpc-port"] === "off" ? "off" : readNumber("--grpc-port", values["grpc-port"], 65_535),
      dataDir: values["data-dir"],
      otlpUrl: values["otlp-url"] ?? null,
      report: (databaseUrl) => printReport(databaseUrl, { sinceMs: 7 * 86_400_000, json: false }, io),
    },
    io,
  );
};

function readNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max) throw new Error(`${option} ${text}: expected a whole number from 0 to ${max}`);
  return value;
}
