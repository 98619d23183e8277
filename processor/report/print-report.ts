import pg from "pg";
import type { CommandIo } from "../cli/command.ts";
import { errorPatterns } from "../storage/analytics/error-patterns.ts";
import { modelEconomics } from "../storage/analytics/model-economics.ts";
import { providerComparison } from "../storage/analytics/provider-comparison.ts";
import { timesOf, type TimeRange } from "../storage/analytics/time-range.ts";
import type { Answer, ReportData } from "./answer.ts";
import { cacheHitRate } from "./questions/cache-hit-rate.ts";
import { cacheSavings } from "./questions/cache-savings.ts";
import { costEffectiveness } from "./questions/cost-effectiveness.ts";
import { errorCategories } from "./questions/error-categories.ts";
import { rateLimits } from "./questions/rate-limits.ts";
import { retryRate } from "./questions/retry-rate.ts";
import { successRate } from "./questions/success-rate.ts";
import { emptyReport, renderReport } from "./render-report.ts";

export interface ReportOptions {
  /** How far back, in ms. */
  readonly sinceMs: number;
  readonly json: boolean;
  /** "genai" by default. */
  readonly schema?: string;
}

/** The seven questions, in the order in which they are asked. */
const QUESTIONS: readonly ((data: ReportData) => Answer)[] = [
  successRate,
  costEffectiveness,
  cacheHitRate,
  errorCategories,
  rateLimits,
  retryRate,
  cacheSavings,
];

/** Answers the seven questions from the database and writes them to stdout: tables for people, one JSON document for programs. */
export async function printReport(databaseUrl: string, options: ReportOptions, io: Pick<CommandIo, "stdout">): Promise<void> {
  const range: TimeRange = {
    sinceMs: options.sinceMs,
    nowMs: Date.now(),
    ...(options.schema === undefined ? {} : { schema: options.schema }),
  };
  const data = await readData(databaseUrl, range);
  const [from, to] = timesOf(range);
  const answers = QUESTIONS.map((answer) => answer(data));
  if (options.json) {
    const questions = answers.map(({ id, question, answer, notes, figures }) => ({ id, question, answer, notes, figures }));
    io.stdout.write(`${JSON.stringify({ from, to, calls: data.models.reduce((sum, { calls }) => sum + calls, 0), questions }, null, 2)}\n`);
    return;
  }
  const isTerminal = (io.stdout as { isTTY?: boolean }).isTTY === true;
  io.stdout.write(data.models.length === 0 ? emptyReport(from, to) : renderReport({ from, to, data, answers }, isTerminal));
}

async function readData(databaseUrl: string, range: TimeRange): Promise<ReportData> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: "genai-otel report" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { comparison } = await providerComparison(client, range);
    return { providers: comparison, models: await modelEconomics(client, range), errors: await errorPatterns(client, range) };
  } catch (error) {
    if (NO_SCHEMA.has((error as { code?: string }).code ?? "")) {
      throw new Error('this database has no tables of genai-otel: run "genai-otel migrate", or start "genai-otel serve" with it', {
        cause: error,
      });
    }
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** SQLSTATEs: no such schema, table, function. */
const NO_SCHEMA = new Set(["3F000", "42P01", "42883"]);
