import cluster, { type Worker } from "node:cluster";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { GatewayStatus } from "./admin-routes.ts";
import { aggregateMetrics } from "./aggregate-metrics.ts";
import { createConnectionAffinity } from "./connection-affinity.ts";
import type { Door, GatewayProcess, MetricSnapshot } from "./gateway-process.ts";
import { openWorkerChannel, type WorkerChannel } from "./worker-channel.ts";

/** The part of a gateway that serves connections, in one process or several. */
export type Backend = Pick<GatewayProcess, "accept" | "close">;

export interface ClusterOptions {
  readonly config: Config;
  readonly databaseUrl: string | null;
  readonly log: Logger;
}

/** What a worker is told at its start. */
export interface WorkerStart {
  readonly config: Config;
  readonly databaseUrl: string | null;
  readonly index: number;
}

interface Slot {
  worker: Worker;
  channel: WorkerChannel;
  ready: boolean;
  startedMs: number;
}

/** A worker that ends sooner than this after its start is not started again at once. */
const RESTART_MS_MIN = 1000;
/** Beyond its own deadline a worker gets this long to go before it is killed. */
const KILL_AFTER_MS = 2000;
/** A worker that is not ready by then never will be. */
const START_MS_MAX = 30_000;

/**
 * Workers that share the ports: the primary accepts every connection and hands it to one of them, and answers for all of
 * them when one is asked for health or metrics. A worker that ends is replaced; what it had not confirmed is sent again.
 */
export async function openCluster({ config, databaseUrl, log }: ClusterOptions): Promise<Backend> {
  // The workers run the same command; in them it finds out that it is a worker (cli/serve.ts).
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  cluster.setupPrimary({ exec: fileURLToPath(new URL(`../cli.${extension}`, import.meta.url)), args: ["serve"] });
  const slots: Slot[] = [];
  let closing = false;

  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    statuses: () => askAll<GatewayStatus>(slots, "status"),
    metricsText: async () => aggregateMetrics(await askAll<MetricSnapshot>(slots, "metrics")),
  };

  function start(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = cluster.fork();
      const channel = openWorkerChannel(worker, {
        onTell(topic, value) {
          if (topic === "hello") channel.tell("start", { config, databaseUrl, index } satisfies WorkerStart);
          if (topic === "failed") reject(new Error(String(value)));
          if (topic !== "ready") return;
          slot.ready = true;
          resolve();
        },
        answer: (topic) => answers[topic]?.() ?? Promise.reject(new Error(`no question "${topic}"`)),
      });
      const slot: Slot = { worker, channel, ready: false, startedMs: Date.now() };
      slots[index] = slot;
      worker.once("exit", (code, signal) => {
        slot.ready = false;
        reject(new Error(`worker ${index} ended before it was ready (${signal ?? code})`));
        if (!closing) replace(index, slot, signal ?? String(code));
      });
      setTimeout(() => reject(new Error(`worker ${index} was not ready within ${START_MS_MAX} ms`)), START_MS_MAX).unref();
      worker.on("error", (error) => log.error({ worker: index, error: error.message }, "a worker's channel failed"));
    });
  }

  function replace(index: number, slot: Slot, how: string): void {
    log.error({ worker: index, how }, "a worker ended unexpectedly and is started again");
    const waitMs = Math.max(0, RESTART_MS_MIN - (Date.now() - slot.startedMs));
    setTimeout(() => {
      if (closing) return;
      start(index).catch((error: unknown) => {
        log.error({ worker: index, error: String(error) }, "a worker could not be started again");
        // What is in its way may pass (a file that is being replaced): with its end it is tried once more.
        slots[index]?.worker.process.kill("SIGKILL");
      });
    }, waitMs);
  }

  async function close(deadlineMs: number): Promise<void> {
    closing = true;
    await Promise.all(slots.map((slot) => stopWorker(slot, deadlineMs)));
  }

  try {
    await Promise.all(Array.from({ length: config.workers }, (_, index) => start(index)));
  } catch (error) {
    await close(0);
    throw error;
  }

  const affinity = createConnectionAffinity(config.workers);
  return {
    accept(door: Door, socket) {
      const index = affinity.choose(socket.remoteAddress ?? "", (worker) => slots[worker]?.ready ?? false);
      const slot = slots[index];
      if (slot?.ready === true) slot.channel.tell("connection", door, socket);
      else socket.destroy();
    },
    close,
  };
}

/** A worker that does not answer is left out: the others' numbers are better than none. */
async function askAll<T>(slots: readonly Slot[], topic: string): Promise<T[]> {
  const answers = await Promise.allSettled(slots.filter(({ ready }) => ready).map(({ channel }) => channel.ask(topic)));
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value as T] : []));
}

function stopWorker({ worker, channel }: Slot, deadlineMs: number): Promise<void> {
  if (worker.isDead()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => worker.process.kill("SIGKILL"), deadlineMs + KILL_AFTER_MS);
    worker.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    channel.tell("stop", deadlineMs);
  });
}
