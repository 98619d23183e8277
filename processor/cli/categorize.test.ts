import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));

/** Runs the command as a user does: a process, lines in, lines out. */
async function run(
  args: readonly string[],
  input: string,
): Promise<{ lines: unknown[]; code: number | null; stderr: string; stdout: string }> {
  const child = spawn(process.execPath, ["--import", "tsx", CLI, "categorize", ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin.on("error", () => undefined).end(input);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const lines =
    args.length > 0
      ? []
      : stdout
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as unknown);
  return { lines, code, stderr, stdout };
}

test("answers line for line, and a bad line in its place", async () => {
  const input = [
    '{"provider":"anthropic","status":529,"message":"Overloaded"}',
    "not json",
    '{"status":{"code":429}}',
    '{"message":17}',
    '{"headers":["retry-after"]}',
    '[{"status":429}]',
    "null",
    "",
    '{"status":429,"headers":{"retry-after":"7"},"errorCode":null,"cause":null,"surplus":true}',
    '{"status":"RESOURCE_EXHAUSTED","errorCode":8}',
    `{"body":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
    '{"__proto__":{"status":401},"message":"\\u0000\\ud800"}',
  ].join("\n");
  const { lines, code } = await run([], input);

  expect(code).toBe(1);
  expect(lines[0]).toEqual({ category: "model_overloaded", retryable: true, retryDelayMs: null, rule: "capacity: overloaded code" });
  expect(lines[1]).toEqual({ error: expect.stringContaining("expected one JSON document") as string });
  expect(lines[2]).toEqual({ error: "status: expected text or number, got an object" });
  expect(lines[3]).toEqual({ error: "message: expected text, got a number" });
  expect(lines[4]).toEqual({ error: "headers: expected object, got an array" });
  expect(lines[5]).toEqual({ error: expect.stringMatching(/^expected an object with provider, status.*got an array$/) as string });
  expect(lines[6]).toEqual({ error: expect.stringMatching(/got null$/) as string });
  expect(lines[7]).toMatchObject({ category: "rate_limit", retryable: true, retryDelayMs: 7000 });
  expect(lines[8]).toMatchObject({ category: "rate_limit" });
  expect(lines[9]).toMatchObject({ category: "unknown" });
  expect(lines[10]).toMatchObject({ category: "unknown", retryable: false });
  expect(lines).toHaveLength(11);
});

test("good input ends with 0, wrong usage with 2, help on request", async () => {
  const [good, wrong, help] = await Promise.all([run([], '{"status":500}\n'), run(["--frobnicate"], ""), run(["--help"], "")]);
  expect(good.code).toBe(0);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('unexpected argument "--frobnicate"');
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("usage: genai-otel categorize");
});
