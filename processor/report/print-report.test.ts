import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, createEmptyDatabase, type TestDatabase } from "../../test/support/database.ts";
import { batchOf, spanTraffic } from "../../test/support/enriched-spans.ts";
import { report } from "../cli/report.ts";
import { postgresSink } from "../sinks/postgres.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import type { ModelEconomics } from "../storage/analytics/model-economics.ts";
import { printReport } from "./print-report.ts";
import { errorCategories } from "./questions/error-categories.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

function capture(isTTY = false): { stdout: PassThrough; text: () => string } {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const chunks: Buffer[] = [];
  stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stdout, text: () => Buffer.concat(chunks).toString("utf8") };
}

async function run(args: string[], env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const out = capture();
  const err = capture();
  const code = await report(args, {
    stdin: new PassThrough(),
    stdout: out.stdout,
    stderr: err.stdout,
    env,
    signal: new AbortController().signal,
  });
  return { code, out: out.text(), err: err.text() };
}

async function store(spans: readonly EnrichedSpan[]): Promise<void> {
  const sink = postgresSink({ url: database.url });
  await sink.write(batchOf(spans));
  await sink.close();
}

/** Calls of one provider: so many of them failed, each with this much money and cache. */
function calls(provider: string, count: number, failed: number, more: Record<string, string | number> = {}): EnrichedSpan[] {
  return spanTraffic({ count, seed: count + provider.length * 1000, userShare: 0 }).map((span, i) => ({
    ...span,
    enrichment: {
      llm_call: true,
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": `${provider}-large`,
      "gen_ai.operation.name": "chat",
      ...(i < failed
        ? { error_category: "rate_limit", error_retryable: true, error_retry_after_ms: 2000, cost_status: "no_usage" }
        : { "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100, ...more }),
    },
    span: { ...span.span, statusCode: i < failed ? 2 : 0 },
  }));
}

test("an empty database says so and what to do next; one without our tables says that", async () => {
  const out = capture();
  await printReport(database.url, { sinceMs: 86_400_000, json: false }, out);
  expect(out.text()).toMatch(/No GenAI calls[\s\S]*genai-otel demo[\s\S]*genai-otel doctor/);
  const bare = await createEmptyDatabase();
  await expect(printReport(bare.url, { sinceMs: 86_400_000, json: false }, out)).rejects.toThrow(/genai-otel migrate/);
  await bare.drop();
});

describe("the most common error category", () => {
  const answerOf = (patterns: readonly (readonly [string, number])[]): string => {
    const failed = patterns.reduce((sum, [, count]) => sum + count, 0);
    const errors = {
      patterns: patterns.map(([category, count]) => ({
        category,
        count,
        percentage: (100 * count) / failed,
        avgDurationMs: 1,
        affectedProviders: ["openai"],
        suggestedAction: "Wait.",
      })),
      overTime: [],
      operations: [],
    };
    const models = [{ failed } as ModelEconomics];
    return errorCategories({ providers: [], models, errors }).answer;
  };

  test.each([
    ["nothing failed", [], "No call failed."],
    [
      "one is ahead",
      [
        ["rate_limit", 5],
        ["timeout", 3],
      ],
      "rate_limit: 5 of 8 failed calls (62.5 %). Wait.",
    ],
    [
      "two share the first place",
      [
        ["auth", 4],
        ["timeout", 4],
        ["unknown", 2],
      ],
      "A tie: auth and timeout, each with 4 of 10 failed calls (40.0 %). auth: Wait.",
    ],
    [
      "three do",
      [
        ["auth", 1],
        ["timeout", 1],
        ["unknown", 1],
      ],
      "A tie: auth, timeout and unknown, each with 1 of 3 failed calls (33.3 %). auth: Wait.",
    ],
  ] as const)("%s", (_name, patterns, answer) => {
    expect(answerOf(patterns)).toBe(answer);
  });
});

test("wrong options say what was expected", async () => {
  expect(await run(["--since", "yesterday"], { DATABASE_URL: database.url })).toMatchObject({
    code: 2,
    err: expect.stringContaining('such as 7d, got "yesterday"'),
  });
  expect(await run([], { DATA_DIR: "/nonexistent/folder" })).toMatchObject({
    code: 1,
    err: expect.stringContaining("there is no database"),
  });
});

describe("with calls", () => {
  beforeAll(async () => {
    await store(
      calls("good", 400, 2, {
        cost_status: "priced",
        cost_usd: 0.002,
        cost_without_cache_usd: 0.004,
        cache_savings_usd: 0.002,
        "gen_ai.usage.cache_read.input_tokens": 600,
      }),
    );
    await store(
      calls("limited", 300, 60, { cost_status: "priced", cost_usd: 0.01, cost_without_cache_usd: 0.009, cache_savings_usd: -0.001 }),
    );
    await store(calls("unpriced", 200, 0, { cost_status: "unknown_model" }));
    await store(calls("few", 5, 0, { cost_status: "priced", cost_usd: 1e-5, cost_without_cache_usd: 1e-5, cache_savings_usd: 0 }));
  });

  test("seven questions, each answered by who wins and why, in 80 columns, without colour where nobody sees it", async () => {
    const { code, out } = await run(["--since", "1h"], { DATABASE_URL: database.url });
    expect(code).toBe(0);
    expect(out).not.toContain("\u001b");
    for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(out.match(/^\d\. .*\?$/gm)?.length).toBe(7);
    expect(out).toMatch(/unpriced: 100\.0 % of its calls succeed/);
    expect(out).toMatch(/good with good-large: \$0\.020 per 1,000 output tokens/);
    expect(out).toMatch(/limited with limited-large follows at 5\.0 times that/);
    expect(out).toMatch(/28\.3 % of all input tokens came from a prompt cache/);
    expect(out).toMatch(/rate_limit: 62 of 62 failed calls \(100\.0 %\)/);
    expect(out.replaceAll(/\s+/g, " ")).toMatch(
      /Yes: limited 20\.0 % of calls, 96\.8 % of all 62; clearly less: good 0\.5 %, unpriced 0\.0 %\./,
    );
    expect(out).toMatch(/Cost is known for 76\.\d % of the calls with usage; 200 have no price and are/);
    expect(out).toMatch(/Writes cost more than reads save for: limited-large/);
    expect(out).toMatch(/\$0\.56 net of what writing the cache cost/);
    expect(out).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("a provider with few calls does not win", async () => {
    const { out } = await run([], { DATABASE_URL: database.url });
    const [first] = out.slice(out.indexOf("most cost-effective")).match(/^ {2}\w+ with .*/m) ?? [];
    expect(first).toContain("good with");
  });

  test("colour on a terminal", async () => {
    const out = capture(true);
    await printReport(database.url, { sinceMs: 3_600_000, json: false }, out);
    expect(out.text()).toContain("\u001b[1m1. Which provider has the best success rate?\u001b[0m");
  });

  test("--json: the same figures, one document", async () => {
    const { out } = await run(["--json"], { DATABASE_URL: database.url });
    const document = JSON.parse(out) as { calls: number; questions: { id: string; figures: Record<string, unknown>[] }[] };
    expect(document.calls).toBe(905);
    expect(document.questions.map(({ id }) => id)).toEqual([
      "success_rate",
      "cost_effectiveness",
      "cache_hit_rate",
      "error_category",
      "rate_limits",
      "retry_rate",
      "cache_savings",
    ]);
    expect(document.questions[0]?.figures.find(({ provider }) => provider === "limited")).toMatchObject({ calls: 300, successRate: 0.8 });
  });
});
