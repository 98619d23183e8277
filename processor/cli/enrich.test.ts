import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { RECORDED_TRACES, type RecordedRequest, type RecordedSpan, type RecordedTrace } from "../../test/support/recorded-traces.ts";
import type { ErrorCategory } from "../core/categorization.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

type Attributes = Readonly<Record<string, unknown>>;

async function run(input: string): Promise<{ lines: string[]; code: number }> {
  const child = spawn(process.execPath, ["--import", "tsx", "processor/cli.ts", "enrich"], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  child.stdin.end(input);
  const output = await text(child.stdout);
  const [code] = (await exit) as [number];
  return { lines: output.split("\n").slice(0, -1), code };
}

function spansOf(request: RecordedRequest): RecordedSpan[] {
  return request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

function attributesOf({ attributes = [] }: RecordedSpan): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: Readonly<Record<string, unknown>>): unknown {
  return "intValue" in value ? Number(value["intValue"]) : Object.values(value)[0];
}

/** Model calls, the last to end last. */
function callsOf(request: RecordedRequest): Attributes[] {
  return spansOf(request)
    .toSorted((a, b) => Number(a.endTimeUnixNano) - Number(b.endTimeUnixNano))
    .map(attributesOf)
    .filter((attributes) => attributes["llm_call"] === true);
}

const SAME_AS: Readonly<Record<string, readonly ErrorCategory[]>> = {
  rate_limit: ["rate_limit"],
  overloaded: ["model_overloaded", "api_error"],
  server_error: ["api_error"],
  connection_reset: ["network_error"],
  timeout: ["timeout"],
  quota_exhausted: ["quota_exceeded"],
  auth: ["auth"],
  "connection_reset mid-stream": ["network_error"],
  "server_error mid-stream": ["api_error"],
};

/** What these recordings do not show, whoever reads them: dialect, case, what is missing, why. */
const UNSEEN: readonly (readonly [string, string, "calls" | "retries" | "outcome"])[] = [
  // The callback writes one span for two calls of two models.
  ["litellm-openai", "fallback_model", "calls"],
  // Its transport makes no HTTP spans, and of a call that was repeated only the first failure is exported.
  ["litellm-v2-anthropic", "retry_mixed_ok", "outcome"],
];

function shows(recording: RecordedTrace, what: "calls" | "retries" | "outcome"): boolean {
  return !UNSEEN.some(([dialect, name, missing]) => dialect === recording.dialect && name === recording.case && missing === what);
}

describe("recorded traces of real SDKs", () => {
  let enriched: RecordedRequest[] = [];
  beforeAll(async () => {
    const { lines, code } = await run(RECORDED_TRACES.map(({ trace }) => `${JSON.stringify(trace)}\n`).join(""));
    expect(code).toBe(0);
    enriched = lines.map((line) => JSON.parse(line) as RecordedRequest);
    expect(enriched).toHaveLength(RECORDED_TRACES.length);
  });

  const each = RECORDED_TRACES.map((recording, index): [string, RecordedTrace, number] => [
    `${recording.dialect} ${recording.case}`,
    recording,
    index,
  ]);

  test.each(each)("%s", (_, recording, index) => {
    const { truth, trace } = recording;
    const after = enriched[index] ?? { resourceSpans: [] };
    const calls = callsOf(after);
    const last = calls.at(-1) ?? {};
    if (shows(recording, "calls")) {
      expect(calls.length - calls.filter((call) => "retry_of" in call).length).toBe(1 + truth.modelFallbacks);
    }
    if (shows(recording, "outcome")) expectOutcome(recording, calls);
    if (truth.modelFallbacks === 0 && hasEvidence(trace, calls)) expect(last["retry_count"] ?? 0).toBe(truth.retries);
    const first = SAME_AS[truth.attemptErrorCategories[0] ?? ""];
    if ("retry_reason" in last && truth.retries > 0) expect(first).toContain(last["retry_reason"]);
  });

  test("nothing that was there is lost, and no key stands twice", () => {
    for (const [index, { trace }] of RECORDED_TRACES.entries()) {
      const after = new Map(spansOf(enriched[index] ?? { resourceSpans: [] }).map((span) => [span.spanId, span]));
      for (const span of spansOf(trace)) {
        const keys = (after.get(span.spanId)?.attributes ?? []).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys).toEqual(expect.arrayContaining((span.attributes ?? []).map(({ key }) => key)));
      }
    }
  });

  test("enriched once more they stay as they are", async () => {
    const once = enriched.map((request) => JSON.stringify(request));
    const { lines } = await run(once.map((line) => `${line}\n`).join(""));
    expect(lines).toEqual(once);
  });
});

function expectOutcome({ truth }: RecordedTrace, calls: readonly Attributes[]): void {
  const last = calls.at(-1) ?? {};
  if (truth.errorCategory !== null) {
    expect(SAME_AS[truth.errorCategory]).toContain(last["error_category"]);
    return;
  }
  expect(last).not.toHaveProperty("error_category");
  if (truth.usage === null || truth.modelFallbacks > 0 || !calls.some((call) => "gen_ai.usage.input_tokens" in call)) return;
  const sum = (key: string): number => calls.reduce((total, call) => total + Number(call[key] ?? 0), 0);
  expect([sum("gen_ai.usage.input_tokens"), sum("gen_ai.usage.output_tokens")]).toEqual([truth.usage.inputTotal, truth.usage.outputTotal]);
  expect(calls.filter((call) => "cost_usd" in call)).toHaveLength(1);
}

/** Several requests, several calls, or the emitter's own count: without any of them nobody can count attempts. */
function hasEvidence(trace: RecordedRequest, calls: readonly Attributes[]): boolean {
  const spans = spansOf(trace).map(attributesOf);
  const requests = spans.filter((span) => ("http.method" in span || "http.request.method" in span) && !("gen_ai.operation.name" in span));
  return requests.length > 1 || calls.length > 1 || spans.some((span) => "http.request.resend_count" in span);
}

describe("input that is odd or wrong", () => {
  test("a line that cannot be read is answered in its place, and the rest goes on", async () => {
    const good = JSON.stringify(RECORDED_TRACES[0]?.trace);
    const { lines, code } = await run(`${good}\n{oops\n\n{"resourceSpans":[{"scopeSpans":7}]}\n${good}\n`);
    expect(code).toBe(1);
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines[1] ?? "")).toEqual({ error: expect.stringMatching(/^expected one JSON document on this line: /) });
    expect(JSON.parse(lines[2] ?? "")).toEqual({ error: "resourceSpans[0].scopeSpans: expected a list, got a number" });
    expect(lines[3]).toBe(lines[0]);
  });

  test("one odd span does not spoil its batch", async () => {
    const text = (value: string): unknown => ({ stringValue: value });
    let deep: unknown = text("bottom");
    for (let level = 0; level < 200; level += 1) deep = { arrayValue: { values: [deep] } };
    const chat = [
      { key: "gen_ai.operation.name", value: text("chat") },
      { key: "gen_ai.request.model", value: text("gpt-5.2") },
    ];
    const odd: unknown[] = [
      { attributes: [...chat, { key: "gen_ai.usage.input_tokens", value: { intValue: "-5" } }] },
      { attributes: [...chat, { key: "gen_ai.usage.input_tokens", value: { doubleValue: "NaN" } }] },
      {
        attributes: [
          ...chat,
          { key: "nul", value: text("a\u0000b") },
          { key: "lone", value: text("\uD800") },
          { key: "__proto__", value: text("x") },
        ],
      },
      { attributes: [...chat, { key: "deep", value: deep }] },
      { attributes: [...chat, { key: "gen_ai.input.messages", value: text("x".repeat(10_000_000)) }] },
      { attributes: chat, startTimeUnixNano: "99999999999999999999999", endTimeUnixNano: "-1", traceId: "short", spanId: "" },
    ];
    const good = {
      traceId: "0".repeat(31) + "1",
      spanId: "0".repeat(15) + "1",
      attributes: [...chat, { key: "gen_ai.usage.input_tokens", value: { intValue: "5" } }],
    };
    const document = { resourceSpans: [{ scopeSpans: [{ spans: [...odd, good] }] }] };
    const { lines, code } = await run(`${JSON.stringify(document)}\n`);
    expect(code).toBe(0);
    const spans = spansOf(JSON.parse(lines[0] ?? "") as RecordedRequest).map(attributesOf);
    expect(spans.map((span) => span["llm_call"])).toEqual(spans.map(() => true));
    expect(spans.at(-1)).toMatchObject({ cost_status: "priced" });
    expect(spans.slice(0, 2).map((span) => span["cost_status"])).toEqual(["invalid_usage", "invalid_usage"]);
  });
});
