import cluster from "node:cluster";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { readConfig, type Config } from "../config.ts";
import { limitHeapGrowth } from "../gateway/limit-heap-growth.ts";
import { runWorker } from "../gateway/worker.ts";
import { startGateway, type Gateway } from "../serve.ts";
import type { Command } from "./command.ts";

const HELP = `usage: genai-otel serve

The gateway: takes OTLP (HTTP and gRPC), adds error categories, retries and costs to GenAI spans, and
writes them to PostgreSQL (DATABASE_URL), to another OTLP backend (FORWARD_OTLP_ENDPOINT), or both.
Without either it starts a PostgreSQL of its own under .genai-otel.

Everything is configured by environment variables: docs/configuration.md lists them.
SIGTERM and Ctrl-C finish what was accepted, then end.
`;

/** `genai-otel serve`: runs until it is asked to stop. */
export const serve: Command = async (args, io) => {
  const { values } = parseArgs({ args: [...args], options: { help: { type: "boolean", short: "h" } } });
  if (values.help === true) {
    io.stdout.write(HELP);
    return 0;
  }
  limitHeapGrowth();
  if (cluster.worker !== undefined) {
    await runWorker(cluster.worker.process);
    return 0;
  }
  const config = readConfig(io.env);
  const gateway = await startGateway(config);
  io.stdout.write(describeGateway(config, gateway));
  if (!io.signal.aborted) await once(io.signal, "abort");
  await gateway.close();
  return 0;
};

function describeGateway(config: Config, gateway: Gateway): string {
  const scheme = config.tlsCertFile === null ? "http" : "https";
  const host = config.host === "0.0.0.0" || config.host === "::" ? "localhost" : config.host;
  const http = `${scheme}://${host}:${gateway.httpPort}`;
  const guarded = config.ingestTokens.length > 0 || config.ingestTokensFile !== null;
  const rows: [string, string][] = [
    ["OTLP/HTTP", `${http}/v1/traces`],
    ["OTLP/gRPC", gateway.grpcPort === null ? "off" : `${scheme}://${host}:${gateway.grpcPort}`],
    ["spans go to", destinations(config, gateway).join(" and ")],
    ["spool", config.spoolBytesMax === 0 ? "off" : config.spoolDir],
    ["tokens", guarded ? "needed" : "none: whoever reaches these ports may write and read"],
    ["state", `${http}/readyz, ${http}/metrics`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    "genai-otel gateway",
    ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
    ...gateway.warnings.map((warning) => `  !  ${warning}`),
    "",
    "Point an app at it:",
    `  OTEL_EXPORTER_OTLP_ENDPOINT=${http}${guarded ? ' OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer <token>"' : ""} node --import genai-otel/register app.js`,
    "",
    "",
  ].join("\n");
}

function destinations(config: Config, { databaseUrl }: Gateway): string[] {
  return [
    ...(databaseUrl === null
      ? []
      : [config.databaseUrl === null ? `an embedded PostgreSQL in ${config.dataDir}` : `PostgreSQL at ${new URL(databaseUrl).host}`]),
    ...(config.forwardEndpoint === null ? [] : [`${config.forwardEndpoint} (OTLP, ${config.forwardProtocol})`]),
  ];
}
