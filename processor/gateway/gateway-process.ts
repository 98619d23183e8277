import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { MetricObjectWithValues, MetricValue } from "prom-client";
import { BufferPool } from "../buffer-pool.ts";
import type { Config } from "../config.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { createMetrics, type Metrics } from "../metrics.ts";
import type { EnrichedSpan } from "../sinks/sink.ts";
import { adminRoutes, type GatewayStatus, type GatewayView } from "./admin-routes.ts";
import { analyticsRoutes } from "./analytics-routes.ts";
import { CLOSED_GATE, createTokenGate, OPEN_GATE, type TokenGate } from "./bearer-tokens.ts";
import { createByteBudget } from "./byte-budget.ts";
import { createEnricher, type Enricher } from "./enricher.ts";
import { createGrpcDoor } from "./grpc.ts";
import { createHttpDoor, type Access } from "./http.ts";
import type { WorkerPlace } from "./durable-sink.ts";
import { openSinks, type OpenSinks } from "./open-sinks.ts";
import { startGatewaySamples } from "./gateway-samples.ts";
import { startTrafficLog } from "./traffic-log.ts";
import { createReceiver } from "./receiver.ts";
import { startHeldRequestsKeeper } from "./held-requests-keeper.ts";
import { settledCalls, type SettledCalls } from "./settled-calls.ts";
import { createRequestSettler } from "./settle-requests.ts";
import { readDoorTls, watchDoorTls } from "./tls.ts";
import { createTraceDoor } from "./trace-door.ts";
import { traceRoutes } from "./trace-routes.ts";

export type Door = "http" | "grpc";

/** Memory of requests that waits for the next ones. */
const POOL_BYTES_MAX = 32 * 1024 * 1024;

export type MetricSnapshot = readonly MetricObjectWithValues<MetricValue<string>>[];

/** The gateway less its listening sockets: what each worker is, and the whole of a gateway with one process. */
export interface GatewayProcess {
  accept(door: Door, socket: Socket): void;
  status(): GatewayStatus;
  metrics(): Promise<MetricSnapshot>;
  /** Finishes what was accepted; what is not done by the deadline was not confirmed to anybody. */
  close(deadlineMs: number): Promise<void>;
}

export interface GatewayProcessOptions {
  readonly config: Config;
  readonly databaseUrl: string | null;
  readonly place: WorkerPlace;
  /** The whole gateway; it may ask this process in turn. */
  readonly view: GatewayView;
  readonly log: Logger;
}

export async function openGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { config, log, view } = options;
  const metrics = createMetrics();
  const tls = await readDoorTls(config);
  const gates = await openGates(config, log);
  const enricher = await createEnricher(config, metrics, options.databaseUrl !== null);
  const sinks = await openSinks({ ...options, metrics });
  const { settler, keeper } = holdRequests(options, enricher, sinks);
  const pool = new BufferPool(POOL_BYTES_MAX);
  const receiver = createReceiver({ enricher, settler, sink: sinks.sink, pool, blocked: () => sinks.blocked(), metrics });
  const budget = createByteBudget(config.admittedBytesMax);
  const analytics = analyticsRoutes(options.databaseUrl, config.schema);
  const { bodyBytesMax, corsOrigins, requestTimeoutMs } = config;
  const http = createHttpDoor({
    routes: new Map([...traceRoutes({ receiver, budget, pool, bodyBytesMax }), ...adminRoutes(view), ...analytics.routes]),
    gates,
    corsOrigins,
    requestTimeoutMs,
    tls,
    metrics,
    log,
  });
  const traces = createTraceDoor({ receiver, budget, pool, gate: gates.ingest, bodyBytesMax, requestTimeoutMs, http, metrics, log });
  const plain = tls === null ? traces : http;
  const grpc = createGrpcDoor({ receiver, budget, pool, bodyBytesMax, requestTimeoutMs, gate: gates.ingest, tls, metrics, log });
  const renewal = watchDoorTls(config, log, (renewed) => {
    http.renew(renewed);
    grpc.renew(renewed);
  });
  const trafficLog = startTrafficLog(metrics, log);
  const state = () => ({ sinks: sinks.statuses(), admittedBytes: budget.usedBytes });
  const samples = startGatewaySamples({ databaseUrl: options.databaseUrl, schema: config.schema, metrics, state, log });
  let stopping = false;
  return {
    accept: (door, socket) => (door === "http" ? plain : grpc).accept(socket),
    status: () => ({ sinks: sinks.statuses(), stopping }),
    async metrics() {
      updateGauges(metrics, sinks, budget.usedBytes, enricher.tracesRemembered());
      return (await metrics.registry.getMetricsAsJSON()) as MetricSnapshot;
    },
    async close(deadlineMs) {
      stopping = true;
      const untilMs = Date.now() + deadlineMs;
      await Promise.all([traces.close(deadlineMs), http.close(deadlineMs), grpc.close(deadlineMs)]);
      const finished = finishWork([settler, keeper, sinks.sink, analytics, trafficLog, samples]);
      const isFinished = await Promise.race([finished, sleep(Math.max(untilMs - Date.now(), FINISH_MS_MIN), false, { ref: false })]);
      if (!isFinished) log.warn("not all was written before the deadline: what was not confirmed will be sent again");
      for (const gate of Object.values(gates)) gate.close();
      renewal.close();
      metrics.registry.clear();
    },
  };
}

/** For what is left to do after the doors are closed, where they took all the time that there was. */
const FINISH_MS_MIN = 500;

/** In this order: what is held may still be written, what was written is counted. */
async function finishWork(parts: readonly ({ close(): Promise<void> | void } | null)[]): Promise<true> {
  for (const part of parts) await part?.close();
  return true;
}

/** Without a database nothing can become a call later, and nothing is held. */
const NO_CALLS: SettledCalls = { announce: async () => undefined, store: async () => undefined };

function holdRequests({ config, databaseUrl, log }: GatewayProcessOptions, enricher: Enricher, sinks: OpenSinks) {
  const context = (): EnrichContext => enricher.context();
  if (databaseUrl === null) return { settler: createRequestSettler({ context, calls: NO_CALLS, log }), keeper: null };
  const promote = (calls: readonly EnrichedSpan[]): Promise<void> => sinks.promote(calls);
  const held = { databaseUrl, schema: config.schema, storesAllSpans: config.storeSpans === "all", context, promote };
  const settler = createRequestSettler({ context, calls: settledCalls(held), log });
  return { settler, keeper: startHeldRequestsKeeper({ ...held, settler, log }) };
}

/** A door with tokens takes those; reading is closed where only sending has tokens; without any token all is open. */
async function openGates(config: Config, log: Logger): Promise<Record<Access, TokenGate>> {
  const { ingestTokens, ingestTokensFile, readTokens, readTokensFile } = config;
  const guarded = ingestTokens.length > 0 || ingestTokensFile !== null;
  const readable = readTokens.length > 0 || readTokensFile !== null;
  return {
    open: OPEN_GATE,
    ingest: guarded ? await createTokenGate({ tokens: ingestTokens, file: ingestTokensFile }, log) : OPEN_GATE,
    read: readable ? await createTokenGate({ tokens: readTokens, file: readTokensFile }, log) : guarded ? CLOSED_GATE : OPEN_GATE,
  };
}

function updateGauges(metrics: Metrics, sinks: OpenSinks, admittedBytes: number, tracesRemembered: number): void {
  for (const { name: sink, up, spoolBytes, spoolAgeMs } of sinks.statuses()) {
    metrics.sinkUp.set({ sink }, up ? 1 : 0);
    metrics.spoolBytes.set({ sink }, spoolBytes);
    metrics.spoolAge.set({ sink }, spoolAgeMs / 1000);
  }
  metrics.admittedBytes.set(admittedBytes);
  metrics.tracesRemembered.set(tracesRemembered);
}
