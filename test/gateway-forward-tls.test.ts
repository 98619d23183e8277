import { copyFile, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "./support/temporary-directory.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";
import { traceRequest } from "./support/trace-requests.ts";

const TLS = join(import.meta.dirname, "fixtures/tls");
const FILES = { "ca.pem": "FORWARD_OTLP_CA", "client.pem": "FORWARD_OTLP_CERT", "client.key": "FORWARD_OTLP_KEY" } as const;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let gateway: TestGateway | null = null;

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await gateway?.close();
  gateway = null;
  await directory.remove();
});

const pem = (name: string): Promise<Buffer> => readFile(join(TLS, name));

/** Puts the gateway's own files in place, of this authority. */
async function install(prefix: string, names: readonly string[] = Object.keys(FILES)): Promise<void> {
  for (const name of names) await copyFile(join(TLS, prefix + name), join(directory.path, name));
}

async function start(port: number, protocol: string): Promise<void> {
  const files = Object.entries(FILES).map(([name, variable]) => [variable, join(directory.path, name)]);
  gateway = await startTestGateway({
    FORWARD_OTLP_ENDPOINT: `https://localhost:${port}`,
    FORWARD_OTLP_PROTOCOL: protocol,
    FORWARD_OTLP_TIMEOUT: "1s",
    ...(Object.fromEntries(files) as Record<string, string>),
  });
}

async function send(): Promise<void> {
  const response = await fetch(`${gateway?.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: traceRequest({ spans: 3 }).protobuf,
  });
  await response.arrayBuffer();
  expect(response.status).toBe(200);
}

interface Backend {
  received: number;
  readonly port: number;
  close(): Promise<void>;
}

/** Lets in clients of one authority only. */
async function httpsBackend(prefix: string, port = 0): Promise<Backend> {
  const [cert, key, ca] = await Promise.all(["server.pem", "server.key", "ca.pem"].map((name) => pem(prefix + name)));
  const options = { cert: cert ?? "", key: key ?? "", ca: ca ?? "", requestCert: true, rejectUnauthorized: true };
  const server: Server = createServer(options, (request, response) => {
    request.resume();
    request.on("end", () => {
      backend.received += 1;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "localhost", resolve));
  const backend: Backend = {
    received: 0,
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return backend;
}

async function grpcBackend(prefix: string, port = 0): Promise<Backend> {
  const [cert, key, ca] = await Promise.all(["server.pem", "server.key", "ca.pem"].map((name) => pem(prefix + name)));
  const empty = Buffer.alloc(0);
  const credentials = ServerCredentials.createSsl(ca ?? null, [{ cert_chain: cert ?? empty, private_key: key ?? empty }], true);
  const raw = (bytes: Buffer): Buffer => bytes;
  const server = new GrpcServer();
  server.addService(
    {
      Export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    },
    {
      Export: (_call: unknown, callback: (error: null, answer: Buffer) => void) => {
        backend.received += 1;
        callback(null, empty);
      },
    },
  );
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`localhost:${port}`, credentials, (error, at) => (error === null ? resolve(at) : reject(error)));
  });
  const backend: Backend = { received: 0, port: bound, close: async () => server.forceShutdown() };
  return backend;
}

test.each([
  ["http/protobuf", httpsBackend],
  ["grpc", grpcBackend],
])("over %s, renewed certificates are used without a restart, and nothing is lost meanwhile", async (protocol, startBackend) => {
  await install("");
  const first = await startBackend("");
  await start(first.port, protocol);
  await send();
  expect(first.received).toBe(1);
  await first.close();

  const renewed = await startBackend("renewed-", first.port);
  try {
    await send();
    // A key that is not the certificate's, as for a moment between two writes: the pair before stays, and gets nowhere.
    await install("renewed-", ["client.key"]);
    await send();
    expect(renewed.received).toBe(0);
    await install("renewed-");
    await expect.poll(() => renewed.received, { timeout: 10_000 }).toBeGreaterThan(0);
    const before = renewed.received;
    await expect
      .poll(
        async () => {
          await send();
          return renewed.received;
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(before);
  } finally {
    await renewed.close();
  }
});

test("a key of another certificate stops the start", async () => {
  await install("");
  await install("renewed-", ["client.key"]);
  await expect(start(1, "http/protobuf")).rejects.toThrow(/^FORWARD_OTLP_CA, FORWARD_OTLP_CERT, FORWARD_OTLP_KEY: cannot be used/);
});

test("a file that is not there stops the start", async () => {
  await install("", ["ca.pem", "client.pem"]);
  await expect(start(1, "http/protobuf")).rejects.toThrow(/^FORWARD_OTLP_KEY: cannot read/);
});
