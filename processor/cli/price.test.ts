import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "genai-otel-price-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real process, as a user starts it. */
function run(args: readonly string[], stdin = "", env: Record<string, string> = {}): Promise<Answer> {
  return new Promise((answer) => {
    const options = { cwd: ROOT, env: { ...process.env, ...env }, encoding: "utf8" as const };
    const child = execFile("node", ["--import", "tsx", "processor/cli.ts", ...args], options, (error, stdout, stderr) => {
      answer({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}

const CALL = {
  scope: { name: "com.anthropic.sdk.typescript", version: "1.12.0" },
  provider: "anthropic",
  model: "claude-opus-5-5",
  at: "2026-11-18T12:00:00Z",
  context: {},
  attributes: {
    "gen_ai.usage.input_tokens": 12_500,
    "gen_ai.usage.output_tokens": 100,
    "gen_ai.usage.cache_read.input_tokens": 10_000,
    "gen_ai.usage.cache_write.input_tokens": 2_000,
  },
};

describe("genai-otel price", () => {
  test("answers line for line; a bad line says which field, and the rest goes on", async () => {
    const lines = [
      JSON.stringify(CALL),
      "{not json",
      "[]",
      JSON.stringify({ ...CALL, at: "soon" }),
      JSON.stringify({ ...CALL, provider: 7 }),
      JSON.stringify({ ...CALL, scope: [] }),
      JSON.stringify({ ...CALL, context: { speed: 2 } }),
      JSON.stringify({ at: CALL.at }),
      "",
      JSON.stringify({ ...CALL, scope: null, context: null, attributes: { "gen_ai.usage.input_tokens": "NaN" } }),
      '{"at":"2026-11-18T12:00:00Z","attributes":{"__proto__":{"gen_ai.usage.input_tokens":5}}}',
      JSON.stringify({ ...CALL, scope: "com.anthropic.sdk.typescript", context: { speed: "fast" } }),
    ];
    const { code, stdout } = await run(["price"], `${lines.join("\n")}\n`);
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(1);
    expect(answers).toHaveLength(11);
    expect(answers[0]).toEqual({
      uncachedInput: 500,
      cacheRead: 10_000,
      cacheWrite5m: 2_000,
      cacheWrite1h: 0,
      output: 100,
      costUsd: expect.closeTo(0.016, 12) as number,
      costWithoutCacheUsd: expect.closeTo(0.052, 12) as number,
      cacheSavingsUsd: expect.closeTo(0.036, 12) as number,
      cacheHitRatio: 0.8,
      costStatus: "priced",
    });
    expect(answers.slice(1, 8).map(({ error }) => error)).toEqual([
      expect.stringContaining("expected one JSON document on this line"),
      "the line: expected an object, got []",
      'at: expected a time like "2026-11-18T12:00:00Z" or ms since the epoch, got "soon"',
      "provider: expected text, got 7",
      "scope: expected a name or an object {name, version}, got []",
      "context.speed: expected text, got 2",
      "attributes: expected an object, got nothing",
    ]);
    expect(answers[8]).toMatchObject({ costStatus: "invalid_usage", costUsd: null, uncachedInput: null });
    expect(answers[9]).toMatchObject({ costStatus: "no_usage" });
    expect(answers[10]).toMatchObject({ costUsd: expect.closeTo(0.032, 12) as number });
  });

  test("takes a user's prices from a file, and says what is wrong with one", async () => {
    const path = join(folder, "prices.json");
    const call = JSON.stringify({ ...CALL, provider: "vllm", model: "llama" });
    writeFileSync(path, JSON.stringify({ date: "2026-11-24", models: [{ provider: "vllm", model: "llama", input: 0, output: 0 }] }));
    const [option, variable] = await Promise.all([
      run(["price", "--prices", path], call),
      run(["price"], call, { GENAI_OTEL_PRICES: path }),
    ]);
    for (const { code, stdout } of [option, variable]) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ costUsd: 0, costStatus: "priced" });
    }
    writeFileSync(path, JSON.stringify({ date: "2026-11-24", models: [{ provider: "vllm", model: "llama", input: "free" }] }));
    const [wrong, absent] = await Promise.all([
      run(["price", "--prices", path], call),
      run(["price", "--prices", join(folder, "none.json")], call),
    ]);
    expect([wrong.code, wrong.stdout]).toEqual([1, ""]);
    expect(wrong.stderr).toContain('models[0].input: expected USD per million tokens, a number >= 0, got "free"');
    expect(absent.stderr).toContain("none.json");
  });
});

describe("genai-otel prices", () => {
  const narrow = (text: string): boolean => text.split("\n").every((line) => line.length <= 80);

  test("explains a price and the cost at it, in 80 columns", async () => {
    const options = ["--at", "2026-11-01", "--input", "45540", "--cache-read", "30000", "--cache-write-1h", "15500", "--output", "820"];
    const { code, stdout } = await run(["prices", "explain", "anthropic", "claude-sonnet-5-5", ...options]);
    expect(code).toBe(0);
    expect(stdout).toContain("cache write 1h           4");
    expect(stdout).toMatch(/cost +\$0\.07328000/);
    expect(stdout).toMatch(/saved by caching +\$0\.02600000/);
    expect(narrow(stdout)).toBe(true);
  });

  test("is honest about what it does not know", async () => {
    const [provider, model, tier, words] = await Promise.all([
      run(["prices", "explain", "acme", "gpt-4o"]),
      run(["prices", "explain", "anthropic", "claude-sonnet-5-7"]),
      run(["prices", "explain", "openai", "gpt-5.2", "--tier", "scale", "--at", "2026-11-01"]),
      run(["prices", "explain", "openai"]),
    ]);
    expect([provider.code, model.code, tier.code, words.code]).toEqual([1, 1, 1, 2]);
    expect(provider.stdout).toContain("unknown_provider, never 0");
    expect(model.stdout).toContain("claude-sonnet-5-5");
    expect(tier.stdout).toContain("unknown_tier, not the standard price");
    expect(words.stderr).toContain("usage: genai-otel prices list");
    expect([provider, model, tier].every(({ stdout }) => narrow(stdout))).toBe(true);
  });

  test("lists and finds", async () => {
    const [providers, models, found] = await Promise.all([
      run(["prices", "list"]),
      run(["prices", "list", "deepseek"]),
      run(["prices", "find", "Sonnet-5"]),
    ]);
    expect(providers.stdout).toMatch(/^openai +\d+$/m);
    expect(models.stdout).toContain("deepseek-v4-flash");
    expect(found.stdout).toContain("aws.bedrock global.anthropic.claude-sonnet-5-5");
    expect([providers, models, found].every(({ code, stdout }) => code === 0 && narrow(stdout))).toBe(true);
  });
});
