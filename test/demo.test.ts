import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// The demo as a newcomer starts it, less a few seconds of traffic and days of history: processes, signals, folders, output.

const CLI = resolve(import.meta.dirname, "../processor/cli.ts");
const QUESTIONS = [
  "1. Which provider has the best success rate?",
  "2. Which provider is most cost-effective?",
  "3. What is the cache hit rate?",
  "4. What is the most common error category?",
  "5. Do rate limits hit particular providers?",
  "6. What is the average retry rate?",
  "7. How much money does prompt caching save?",
];

interface Running {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves with the exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

describe("demo", () => {
  let dataDir: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "genai-otel-demo-"));
  });
  afterAll(async () => {
    for (const child of running) child.kill("SIGKILL");
    await rm(dataDir, { recursive: true, force: true });
  });

  function startDemo(...args: string[]): Running {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", CLI, "demo", "--port", "0", "--grpc-port", "off", "--data-dir", dataDir, ...args],
      {
        env: { ...process.env, DEMO_SECONDS: "2" },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    running.push(child);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (part: string) => (text += part));
    return { child, output: () => text, ended: once(child, "close").then(([code]) => code as number | null) };
  }

  async function waitFor(run: Running, part: string): Promise<void> {
    let over = false;
    void run.ended.then(() => (over = true));
    while (!run.output().includes(part)) {
      if (over) throw new Error(`the demo ended without saying "${part}":\n${run.output()}`);
      await sleep(50);
    }
  }

  test("answers the seven questions from what travelled the real path, then ends by itself", { timeout: 90_000 }, async () => {
    const run = startDemo("--once", "--days", "1");
    expect(await run.ended, run.output()).toBe(0);
    for (const question of QUESTIONS) expect(run.output()).toContain(question);
    const longest = Math.max(
      ...run
        .output()
        .split("\n")
        .slice(6)
        .map((line) => line.length),
    );
    expect(longest).toBeLessThanOrEqual(80);
  });

  test(
    "survives SIGKILL, refuses a second start with one clear error, and ends on Ctrl-C without leaving a process",
    { timeout: 120_000 },
    async () => {
      const killed = startDemo("--days", "2");
      await waitFor(killed, "gateway");
      // In the midst of sending history, most likely; nothing depends on where exactly it is cut.
      await sleep(500);
      killed.child.kill("SIGKILL");
      await killed.ended;

      const again = startDemo("--days", "0");
      await waitFor(again, "Still running");
      const second = startDemo("--once", "--days", "0");
      expect(await second.ended).toBe(1);
      expect(
        second
          .output()
          .split("\n")
          .filter((line) => line.includes("genai-otel: ")),
      ).toHaveLength(1);
      expect(second.output()).toContain("in use by another genai-otel");

      again.child.kill("SIGINT");
      expect(await again.ended).toBe(0);
      await expect(processesThatName(dataDir)).resolves.toEqual([]);
    },
  );
});

/** Command lines of living processes that contain the text: the database server carries its folder in there. */
async function processesThatName(text: string): Promise<string[]> {
  const ps = spawn("ps", ["-eo", "args"], { stdio: ["ignore", "pipe", "ignore"] });
  let out = "";
  ps.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
  await once(ps, "close");
  return out.split("\n").filter((line) => line.includes(text));
}
