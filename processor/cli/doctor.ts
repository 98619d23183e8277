import { parseArgs } from "node:util";
import type pg from "pg";
import { readConfig, type Config } from "../config.ts";
import { checkApp } from "../doctor/check-app.ts";
import { checkDatabase, connectDatabase } from "../doctor/check-database.ts";
import { checkDialects } from "../doctor/check-dialects.ts";
import { checkGateway } from "../doctor/check-gateway.ts";
import { checkGrafana } from "../doctor/check-grafana.ts";
import { checkSamples } from "../doctor/check-samples.ts";
import { checkSpans } from "../doctor/check-spans.ts";
import type { Finding } from "../doctor/finding.ts";
import { renderFindings } from "../doctor/render-findings.ts";
import { openDatabase } from "../storage/open-database.ts";
import type { Command, CommandIo } from "./command.ts";

const HELP = `usage: genai-otel doctor [--gateway URL] [--grafana URL] [options]

Walks the way of a span (app, gateway, database, Grafana) and says what is missing, silent, unpriced or
unknown, each with the next step. Exit code 1 when something stands in the way.

  --gateway URL        the gateway (http://127.0.0.1:4318)
  --token TOKEN        its read token, where it has one
  --grafana URL        Grafana; without it Grafana is not looked at (or GRAFANA_URL)
  --grafana-token T    service account token, or user:password (or GRAFANA_TOKEN)
  --data-dir DIR       data folder of the gateway, where the database is embedded (or DATA_DIR)
  --json               the findings as JSON
`;

interface Options {
  readonly gateway: string;
  readonly token: string | undefined;
  readonly grafana: string | undefined;
  readonly grafanaToken: string | undefined;
  readonly dataDir: string | undefined;
}

export const doctor: Command = async (args, io) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      gateway: { type: "string", default: "http://127.0.0.1:4318" },
      token: { type: "string" },
      grafana: { type: "string" },
      "grafana-token": { type: "string" },
      "data-dir": { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.stdout.write(HELP);
    return 0;
  }
  const findings = await examine(io, {
    gateway: readUrl("--gateway", values.gateway),
    token: values.token,
    grafana: readOptionalUrl("--grafana", values.grafana ?? io.env["GRAFANA_URL"]),
    grafanaToken: values["grafana-token"] ?? io.env["GRAFANA_TOKEN"],
    dataDir: values["data-dir"],
  });
  const colour = "isTTY" in io.stdout && io.stdout.isTTY === true;
  io.stdout.write(values.json ? `${JSON.stringify({ findings }, null, 2)}\n` : renderFindings(findings, colour));
  return findings.some(({ verdict }) => verdict === "problem") ? 1 : 0;
};

async function examine(io: CommandIo, options: Options): Promise<Finding[]> {
  const config = readConfig(io.env);
  return [
    ...checkApp({ nodeVersion: process.version, env: io.env, gatewayUrl: options.gateway }),
    ...(await checkGateway(options.gateway, options.token)),
    ...(await examineDatabase(config, options.dataDir ?? config.dataDir)),
    ...(await examineGrafana(options)),
  ];
}

async function examineDatabase(config: Config, dataDir: string): Promise<Finding[]> {
  const opened = await openDatabase({ databaseUrl: config.databaseUrl, dataDir }).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  if (opened instanceof Error) {
    return [
      {
        station: "database",
        verdict: "problem",
        what: opened.message,
        next: "set DATABASE_URL, or say where the gateway's data folder is with --data-dir",
      },
    ];
  }
  try {
    const client = await connectDatabase(opened.url);
    if ("verdict" in client) return [client];
    try {
      return await examineRows(client, config.schema);
    } finally {
      await client.end();
    }
  } finally {
    await opened.close();
  }
}

async function examineRows(client: pg.Client, schemaName: string): Promise<Finding[]> {
  const schema = client.escapeIdentifier(schemaName);
  const database = await checkDatabase(client, schema, Date.now());
  const gateways = await checkSamples(client, schema, Date.now());
  if (database.some(({ verdict }) => verdict === "problem")) return [...database, ...gateways];
  return [...database, ...gateways, ...(await checkDialects(client, schema)), ...(await checkSpans(client, schema))];
}

async function examineGrafana({ grafana, grafanaToken }: Options): Promise<Finding[]> {
  if (grafana === undefined)
    return [{ station: "grafana", verdict: "unchecked", what: "not looked at", next: "say where it is with --grafana URL" }];
  return checkGrafana({ url: grafana, token: grafanaToken ?? null });
}

function readUrl(option: string, text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw new Error(`${option} ${text}: expected a URL such as http://127.0.0.1:4318`);
  return text.replace(/\/+$/, "");
}

function readOptionalUrl(option: string, text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : readUrl(option, text);
}
