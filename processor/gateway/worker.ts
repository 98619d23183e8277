import type { Socket } from "node:net";
import { createLog } from "../log.ts";
import { describeError } from "../sinks/sink-error.ts";
import type { GatewayStatus } from "./admin-routes.ts";
import type { WorkerStart } from "./cluster.ts";
import { type Door, type GatewayProcess, openGatewayProcess } from "./gateway-process.ts";
import { openWorkerChannel } from "./worker-channel.ts";

/** The channel to the primary: in a worker, the process itself. */
type PrimaryEnd = Parameters<typeof openWorkerChannel>[0] & { disconnect?(): void };

/** One worker of a gateway: opens its part, serves the connections it is handed, and resolves when it was told to stop. */
export function runWorker(primary: PrimaryEnd): Promise<void> {
  return new Promise((resolve) => {
    let opened: GatewayProcess | null = null;
    const channel = openWorkerChannel(primary, {
      onTell(topic, value, socket) {
        if (topic === "start") void start(value as WorkerStart);
        else if (topic === "connection") serve(value as Door, socket);
        else if (topic === "stop") void stop(Number(value));
      },
      async answer(topic) {
        if (opened === null) throw new Error("this worker is not ready");
        return topic === "metrics" ? opened.metrics() : opened.status();
      },
    });

    // What is sent before somebody listens is lost: the worker asks for its start when it can hear it.
    channel.tell("hello");

    async function start({ config, databaseUrl, index }: WorkerStart): Promise<void> {
      const log = createLog(config.logLevel).child({ worker: index });
      const view = {
        statuses: async () => (await channel.ask("statuses")) as readonly GatewayStatus[],
        metricsText: async () => String(await channel.ask("metricsText")),
      };
      try {
        opened = await openGatewayProcess({ config, databaseUrl, place: { index, count: config.workers }, view, log });
        channel.tell("ready");
      } catch (error) {
        channel.tell("failed", describeError(error));
      }
    }

    function serve(door: Door, socket: Socket | undefined): void {
      // It may have been closed while it was on its way.
      if (socket === undefined) return;
      opened?.accept(door, socket);
    }

    async function stop(deadlineMs: number): Promise<void> {
      await opened?.close(deadlineMs);
      primary.disconnect?.();
      resolve();
    }
  });
}
