import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doctor } from "../processor/cli/doctor.ts";
import { findFreePort } from "../processor/storage/embedded-postmaster.ts";
import type { Finding } from "../processor/doctor/finding.ts";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { storeSamples } from "./support/store-samples.ts";

// The doctor as a user calls it: arguments and environment in, findings and exit code out, against a real database.

async function callDoctor(args: string[], env: Record<string, string>): Promise<{ code: number; findings: Finding[] }> {
  const stdout = new PassThrough();
  const output = text(stdout);
  const io = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env, signal: new AbortController().signal };
  const code = await doctor([...args, "--json"], io);
  stdout.end();
  return { code, findings: (JSON.parse(await output) as { findings: Finding[] }).findings };
}

describe("doctor", () => {
  let database: TestDatabase;
  let closed: string;
  beforeAll(async () => {
    database = await createDatabase();
    closed = `http://127.0.0.1:${await findFreePort()}`;
  });
  afterAll(() => database.drop());

  test("says that no gateway answers, and how to start one", async () => {
    const { code, findings } = await callDoctor(["--gateway", closed], { DATABASE_URL: database.url });
    const gateway = findings.filter(({ station }) => station === "gateway");
    expect(code).toBe(1);
    expect(gateway.map(({ verdict }) => verdict)).toEqual(["problem"]);
    expect(gateway[0]?.next).toContain("genai-otel serve");
  });

  test("says that nothing was ever stored, and stops asking about rows", async () => {
    const { findings } = await callDoctor(["--gateway", closed], { DATABASE_URL: database.url });
    expect(findings.filter(({ station }) => station === "database").map(({ what }) => what)).toContain("no GenAI span was ever stored");
    expect(findings.some(({ station }) => station === "spans")).toBe(false);
  });

  test("names unpriced models, unknown scopes and calls without tokens", async () => {
    const rows = `insert into genai.llm_traces (trace_id, span_id, name, created_at, duration_ms, service_name, environment, scope_name, operation, llm_call, model_provider, model, status, cost_status, attributes)
      select lpad(n::text, 32, '0'), lpad(n::text, 16, '0'), 'chat', now() - interval '1 minute', 10, 'shop', 'test', 'acme.llm.tracer', 'chat', true, 'acme', 'acme-1', 'completed', 'unknown_provider',
        '{"gen_ai.operation.name": "chat"}' from generate_series(1, 30) n`;
    await database.pool.query(rows);
    const { findings } = await callDoctor(["--gateway", closed], { DATABASE_URL: database.url });
    const said = findings.filter(({ verdict }) => verdict === "warning").map(({ what }) => what);
    expect(said.find((what) => what.includes("scope I don't know"))).toContain(
      "100 % of your GenAI spans come from a scope I don't know: acme.llm.tracer",
    );
    expect(said.find((what) => what.includes("retries are invisible"))).toContain("shop (30)");
  });

  test("says what the gateways say of themselves, and that they fell silent", async () => {
    const ofGateways = async (): Promise<string[]> => {
      const { findings } = await callDoctor(["--gateway", closed], { DATABASE_URL: database.url });
      return findings.filter(({ station, what }) => station === "database" && /gateway|accepted/.test(what)).map(({ what }) => what);
    };
    expect(await ofGateways()).toEqual([]);
    const nowMs = Date.now();
    await storeSamples(database.pool, [{ fromMs: nowMs - 30 * 60_000, toMs: nowMs - 20 * 60_000, refused: { unauthenticated: 2 } }]);
    expect((await ofGateways())[0]).toBe("no gateway has written here for 20 min, and each writes about itself once a minute");
    await storeSamples(database.pool, [{ fromMs: nowMs, toMs: nowMs, lostSpans: 3, spoolAgeMs: 1_200_000, instance: "gateway:2" }]);
    expect(await ofGateways()).toEqual([
      "one gateway process writes here: 7200 spans received within the hour",
      "gateways refused requests or spans within the hour: unauthenticated 22",
      "3 spans were accepted within the hour and then refused by PostgreSQL or the OTLP backend",
      "spans have been waiting in a gateway's spool for 20 min",
    ]);
  });

  test("says that Grafana does not answer", async () => {
    const { findings } = await callDoctor(["--gateway", closed, "--grafana", closed], { DATABASE_URL: database.url });
    expect(findings.filter(({ station }) => station === "grafana").map(({ verdict }) => verdict)).toEqual(["problem"]);
  });

  test("finds what silences an app in this shell", async () => {
    const { findings } = await callDoctor(["--gateway", closed], { DATABASE_URL: database.url, OTEL_SDK_DISABLED: "true" });
    expect(findings.filter(({ station, verdict }) => station === "app" && verdict === "warning").map(({ what }) => what)).toEqual([
      "OTEL_SDK_DISABLED=true is set in this shell: an app started from it sends no spans, or only some",
    ]);
  });

  test("refuses an address that is none", async () => {
    await expect(callDoctor(["--gateway", "4318"], {})).rejects.toThrow("--gateway 4318: expected a URL");
  });
});
