import { pino } from "pino";
import { expect, test } from "vitest";
import { createMetrics } from "../metrics.ts";
import { startGatewaySamples } from "./gateway-samples.ts";

const STATE = () => ({ sinks: [], admittedBytes: 0 });

test("a row that cannot be written is counted and told of, without an address", async () => {
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  // Port 1 (tcpmux): nobody listens.
  const samples = startGatewaySamples({
    databaseUrl: "postgres://user:secret@127.0.0.1:1/genai",
    schema: "genai",
    metrics,
    state: STATE,
    log,
  });
  await samples.close();
  expect((await metrics.failedSamples.get()).values[0]?.value).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("the next row will have it");
  expect(lines[0]).not.toContain("secret");
  metrics.registry.clear();
});

test("without a database nothing is written", async () => {
  const metrics = createMetrics();
  await startGatewaySamples({ databaseUrl: null, schema: "genai", metrics, state: STATE, log: pino({ level: "silent" }) }).close();
  expect((await metrics.failedSamples.get()).values[0]?.value ?? 0).toBe(0);
  metrics.registry.clear();
});
