import { hostname } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Logger } from "pino";
import pg from "pg";
import type { Metrics } from "../metrics.ts";
import { describeError } from "../sinks/sink-error.ts";
import { gatewaySample, type GatewaySample, type GatewayState, type SampledPoint } from "./gateway-sample.ts";
import { readGatewayTotals } from "./gateway-totals.ts";

export interface GatewaySamplesOptions {
  /** null: nothing is written. */
  readonly databaseUrl: string | null;
  readonly schema: string;
  readonly metrics: Metrics;
  readonly state: () => Pick<GatewayState, "sinks" | "admittedBytes">;
  readonly log: Logger;
}

/** Soon after the start, so that a new gateway shows at once; then every minute. */
const FIRST_MS = 5_000;
const INTERVAL_MS = 60_000;
/** For the connection and for the row: a database that is slow keeps neither the next round nor the end waiting. */
const WRITE_MS_MAX = 2_000;
/** The loop is looked at this often, and that much of each delay is no delay. */
const LOOP_RESOLUTION_MS = 20;

/**
 * Writes a row of genai.gateway_samples every minute, on a connection of its own that lives for one row: ingest never waits
 * for it. What cannot be written is counted, and is part of the next row.
 */
export function startGatewaySamples(options: GatewaySamplesOptions): { close(): Promise<void> } {
  const { databaseUrl, schema, metrics, log } = options;
  if (databaseUrl === null) return { close: async () => undefined };
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  let before: Promise<SampledPoint> = samplePoint(metrics);
  let failed = false;

  async function sample(url: string): Promise<void> {
    const now = await samplePoint(metrics);
    const eventLoopP99Ms = Math.max(0, delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
    const row = gatewaySample(await before, now, {
      ...options.state(),
      eventLoopP99Ms,
      cpuMs: now.cpuMs,
      rssBytes: process.memoryUsage.rss(),
    });
    try {
      await writeSample({ url, schema, row, atMs: now.atMs });
      before = Promise.resolve(now);
      delay.reset();
      failed = false;
    } catch (error) {
      metrics.failedSamples.inc();
      // Once, not every minute: the counter goes on.
      if (!failed)
        log.warn({ error: describeError(error) }, "the gateway's state could not be written to PostgreSQL; the next row will have it");
      failed = true;
    }
  }

  let round = Promise.resolve();
  const next = (): void => void (round = round.then(() => sample(databaseUrl)));
  const timers = [setTimeout(next, FIRST_MS).unref(), setInterval(next, INTERVAL_MS).unref()];
  return {
    async close() {
      for (const timer of timers) clearTimeout(timer);
      // The last minute counts too; a database that was away a minute ago is not waited for.
      if (!failed) next();
      await round;
      delay.disable();
    },
  };
}

async function samplePoint(metrics: Metrics): Promise<SampledPoint> {
  const totals = await readGatewayTotals(metrics);
  const { user, system } = process.cpuUsage();
  return { atMs: Date.now(), cpuMs: (user + system) / 1000, totals };
}

interface WrittenSample {
  readonly url: string;
  readonly schema: string;
  readonly row: GatewaySample;
  readonly atMs: number;
}

async function writeSample({ url, schema, row, atMs }: WrittenSample): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "genai-otel samples",
    connectionTimeoutMillis: WRITE_MS_MAX,
    query_timeout: WRITE_MS_MAX,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const columns = { sampled_at: new Date(atMs), instance: `${hostname()}:${process.pid}`, ...row };
    const names = Object.keys(columns);
    await client.query(
      `insert into ${client.escapeIdentifier(schema)}.gateway_samples (${names.join(", ")}) values (${names.map((_, i) => `$${i + 1}`).join(", ")})`,
      Object.values(columns),
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
