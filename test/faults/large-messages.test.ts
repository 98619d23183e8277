import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, Metadata, status as GRPC_STATUS } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGatewayProcess, type GatewayProcess } from "../support/gateway-process.ts";
import { type OtlpBackend, startOtlpBackend } from "../support/otlp-backend.ts";
import { traceRequest } from "../support/trace-requests.ts";

const MIB = 1024 * 1024;
const METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

let backend: OtlpBackend;
let gateway: GatewayProcess;
const dataDir = join(tmpdir(), `genai-otel-large-${process.pid}`);

beforeAll(async () => {
  backend = await startOtlpBackend();
  gateway = await createGatewayProcess({ env: { FORWARD_OTLP_ENDPOINT: backend.url, DATA_DIR: dataDir } });
  await gateway.start();
});
afterAll(async () => {
  await gateway.kill();
  await backend.close();
  await rm(dataDir, { recursive: true, force: true });
});

function exportOver(client: Client, body: Buffer): Promise<number> {
  const raw = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const deadline = Date.now() + 60_000;
    client.makeUnaryRequest(METHOD, raw, raw, body, new Metadata(), { deadline }, (error) => resolve(error?.code ?? GRPC_STATUS.OK));
  });
}

test("192 gRPC messages of 8 MB at a time, on eight connections: some are taken, the others are told to come again, and memory stays", async () => {
  const { protobuf } = traceRequest({ spans: 400, promptChars: 20_000 });
  // What the first requests of a process take is no growth.
  const warm = new Client(`127.0.0.1:${gateway.grpcPort}`, credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  for (let round = 0; round < 8; round += 1) expect(await exportOver(warm, protobuf)).toBe(GRPC_STATUS.OK);
  warm.close();
  const before = await gateway.residentBytes();
  let most = before;
  const sampler = setInterval(() => void gateway.residentBytes().then((bytes) => (most = Math.max(most, bytes))), 50);
  const clients = Array.from({ length: 8 }, () => {
    const options = { "grpc.max_send_message_length": -1, "grpc.use_local_subchannel_pool": 1 };
    return new Client(`127.0.0.1:${gateway.grpcPort}`, credentials.createInsecure(), options);
  });
  const codes = await Promise.all(clients.flatMap((client) => Array.from({ length: 24 }, () => exportOver(client, protobuf))));
  clearInterval(sampler);
  for (const client of clients) client.close();
  expect(new Set(codes)).toEqual(new Set([GRPC_STATUS.OK, GRPC_STATUS.RESOURCE_EXHAUSTED]));
  expect(most - before).toBeLessThan(200 * MIB);
  expect(gateway.output()).not.toContain("failed unexpectedly");
});
