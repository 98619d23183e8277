import { parseArgs } from "node:util";
import { readConfig } from "../config.ts";
import { printReport } from "../report/print-report.ts";
import { parseTimeRange } from "../gateway/time-range.ts";
import { databaseExists, openDatabase } from "../storage/open-database.ts";
import type { Command } from "./command.ts";

const HELP = `usage: genai-otel report [--since 7d] [--json] [--data-dir DIR]

Answers from PostgreSQL: which provider succeeds most often, which is most cost-effective,
the cache hit rate, the most common error, whom rate limits hit, the retry rate, and what
prompt caching saves. Reads DATABASE_URL, or the embedded database of the gateway.

--since 7d      how far back: a number and m, h, d or w (30m, 24h, 7d, 4w)
--json          the same figures as one JSON document
--data-dir DIR  data folder of the gateway (or the variable DATA_DIR)
`;

/** `genai-otel report`. */
export const report: Command = async (args, io) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h" },
      since: { type: "string", default: "7d" },
      json: { type: "boolean", default: false },
      "data-dir": { type: "string" },
    },
  });
  if (values.help === true) {
    io.stdout.write(HELP);
    return 0;
  }
  const sinceMs = parseTimeRange(values.since);
  if (sinceMs === null) {
    io.stderr.write(`genai-otel report: --since: expected a number and m, h, d or w, such as 7d, got "${values.since}"\n`);
    return 2;
  }
  const config = readConfig(io.env);
  const place = { databaseUrl: config.databaseUrl, dataDir: values["data-dir"] ?? config.dataDir };
  if (!(await databaseExists(place))) {
    io.stderr.write(
      `genai-otel report: there is no database in ${place.dataDir} yet: start "genai-otel serve" or "genai-otel demo", or set DATABASE_URL\n`,
    );
    return 1;
  }
  const database = await openDatabase(place);
  try {
    await printReport(database.url, { sinceMs, json: values.json, schema: config.schema }, io);
    return 0;
  } finally {
    await database.close();
  }
};
