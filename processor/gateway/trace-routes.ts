import type { IncomingMessage, ServerResponse } from "node:http";
import type { BufferPool } from "../buffer-pool.ts";
import { bodyEncodingOf, CONTENT_TYPES, PARSED_WEIGHT } from "./body-encoding.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { Route } from "./http.ts";
import type { Receiver } from "./receiver.ts";
import { Refusal } from "./refusal.ts";
import { readBody } from "./request-body.ts";

export interface TraceRouteOptions {
  readonly receiver: Receiver;
  readonly budget: ByteBudget;
  readonly pool: BufferPool;
  readonly bodyBytesMax: number;
}

/** POST /v1/traces (OTLP specification, OTLP/HTTP). */
export function traceRoutes(options: TraceRouteOptions): [string, Route][] {
  return [["/v1/traces", { methods: ["POST"], access: "ingest", handle: (request, response) => exportTraces(options, request, response) }]];
}

async function exportTraces(options: TraceRouteOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { receiver, budget, pool, bodyBytesMax } = options;
  const encoding = bodyEncodingOf(request.headers["content-type"]);
  if (encoding === null) {
    throw new Refusal("unsupported_media_type", "Content-Type: expected application/x-protobuf or application/json");
  }
  receiver.assertReady();
  if (request.headers.expect !== undefined) response.writeContinue();
  const lease = budget.lease();
  try {
    const body = await readBody(request, { bytesMax: bodyBytesMax, lease, pool });
    lease.take(body.length * PARSED_WEIGHT[encoding]);
    const answer = await receiver.receive(body, encoding, `http/${encoding}`);
    response.writeHead(200, { "content-type": CONTENT_TYPES[encoding], "content-length": answer.length });
    response.end(answer);
  } finally {
    lease.release();
  }
}
