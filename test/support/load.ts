import { Agent, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { traceRequest, type TraceRequestOptions } from "./trace-requests.ts";

export interface LoadOptions extends TraceRequestOptions {
  readonly url: string;
  readonly connections: number;
  /** How long a sender waits after a failure, as an exporter does. */
  readonly retryMs?: number;
  /** Between two requests of a sender. */
  readonly pauseMs?: number;
}

export interface Load {
  /** Span ids of requests that were answered with 200. */
  readonly acknowledged: ReadonlySet<string>;
  /** Answers by status; "failed" where there was none. */
  readonly answers: ReadonlyMap<string, number>;
  /** No new requests; every one that was begun is sent again until it is acknowledged, as exporters do. */
  finish(timeoutMs?: number): Promise<void>;
}

const ANSWER_MS_MAX = 15_000;

/** Senders that behave as exporters: one request at a time on a kept connection, sent again until it is acknowledged. */
export function startLoad(options: LoadOptions): Load {
  const acknowledged = new Set<string>();
  const answers = new Map<string, number>();
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  let finishing = false;
  let deadlineMs = Number.POSITIVE_INFINITY;

  async function sender(): Promise<void> {
    while (!finishing) {
      const request = traceRequest(options);
      await sendUntilAcknowledged(request.protobuf);
      for (const id of request.spanIds) acknowledged.add(id);
      if (options.pauseMs !== undefined) await sleep(options.pauseMs);
    }
  }

  async function sendUntilAcknowledged(body: Buffer): Promise<void> {
    for (;;) {
      const status = await postOnce(options.url, agent, body);
      answers.set(status, (answers.get(status) ?? 0) + 1);
      if (status === "200") return;
      if (Date.now() > deadlineMs) throw new Error(`not acknowledged in time; answers so far: ${JSON.stringify([...answers])}`);
      await sleep((options.retryMs ?? 100) * (0.5 + Math.random()));
    }
  }

  const senders = Promise.all(Array.from({ length: options.connections }, sender));
  // Looked at in `finish`; until then nobody listens.
  senders.catch(() => undefined);
  return {
    acknowledged,
    answers,
    async finish(timeoutMs = 60_000) {
      finishing = true;
      deadlineMs = Date.now() + timeoutMs;
      await senders;
      agent.destroy();
    },
  };
}

function postOnce(url: string, agent: Agent, body: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/x-protobuf", "content-length": body.length };
    const request = httpRequest(`${url}/v1/traces`, { method: "POST", agent, headers, timeout: ANSWER_MS_MAX }, (response) => {
      response.resume();
      response.once("end", () => resolve(String(response.statusCode)));
      response.once("error", () => resolve("failed"));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve("failed"));
    request.end(body);
  });
}
