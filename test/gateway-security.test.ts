import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "./support/database.ts";
import { startTestGateway, type TestGateway } from "./support/test-gateway.ts";
import { traceRequest } from "./support/trace-requests.ts";

const TLS = join(import.meta.dirname, "fixtures/tls");
const PROTOBUF = { "content-type": "application/x-protobuf" };
const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

let database: TestDatabase;
let directory: string;

beforeAll(async () => {
  database = await createDatabase();
  directory = await mkdtemp(join(tmpdir(), "genai-otel-security-"));
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function withGateway(env: Record<string, string>, work: (gateway: TestGateway) => Promise<void>): Promise<void> {
  const gateway = await startTestGateway({ DATABASE_URL: database.url, ...env });
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

const send = async (url: string, token?: string): Promise<number> => {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: token };
  const response = await fetch(`${url}/v1/traces`, {
    method: "POST",
    headers: { ...PROTOBUF, ...authorization },
    body: traceRequest({ spans: 1 }).protobuf,
  });
  await response.arrayBuffer();
  return response.status;
};
const read = async (url: string, path: string, token?: string): Promise<number> => {
  const response = await fetch(`${url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status;
};

function callGrpc(port: number, options: { token?: string; channel?: ReturnType<typeof credentials.createSsl> }): Promise<number> {
  const raw = (bytes: Buffer): Buffer => bytes;
  const client = new Client(`localhost:${port}`, options.channel ?? credentials.createInsecure());
  const metadata = new Metadata();
  if (options.token !== undefined) metadata.set("authorization", options.token);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      EXPORT,
      raw,
      raw,
      traceRequest({ spans: 1 }).protobuf,
      metadata,
      { deadline: Date.now() + 5000 },
      (error: ServiceError | null) => {
        client.close();
        resolve(error?.code ?? 0);
      },
    );
  });
}

describe("tokens", () => {
  test("without them every door but the health checks is closed, with them each opens its own", async () => {
    await withGateway({ INGEST_TOKENS: "ingest-token-1,ingest-token-2", READ_TOKENS: "reading-token" }, async ({ url, grpcPort }) => {
      expect(await read(url, "/healthz")).toBe(200);
      expect(await read(url, "/readyz")).toBe(200);
      for (const path of ["/metrics", "/api/analytics/provider-comparison", "/api/analytics/error-patterns", "/v1/traces", "/nothing"]) {
        expect([path, await read(url, path)]).toEqual([path, 401]);
      }
      expect(await send(url)).toBe(401);
      for (const wrong of [
        "Bearer wrong-token",
        "Bearer ingest-token-",
        "Bearer ingest-token-12",
        "Basic ingest-token-1",
        "ingest-token-1",
        "Bearer reading-token",
      ]) {
        expect([wrong, await send(url, wrong)]).toEqual([wrong, 401]);
      }
      for (const right of ["Bearer ingest-token-1", "bearer ingest-token-2"]) expect(await send(url, right)).toBe(200);
      expect(await read(url, "/metrics", "ingest-token-1")).toBe(401);
      expect(await read(url, "/metrics", "reading-token")).toBe(200);
      expect(await callGrpc(grpcPort, {})).toBe(16);
      expect(await callGrpc(grpcPort, { token: "Bearer wrong-token" })).toBe(16);
      expect(await callGrpc(grpcPort, { token: "Bearer ingest-token-2" })).toBe(0);
    });
  });

  test("with ingest tokens alone, reading is closed", async () => {
    await withGateway({ INGEST_TOKENS: "ingest-token-1" }, async ({ url }) => {
      expect(await read(url, "/metrics")).toBe(401);
      expect(await read(url, "/metrics", "ingest-token-1")).toBe(401);
    });
  });

  test("of a file change with it, without a restart; a file that became empty changes nothing", async () => {
    const file = join(directory, "tokens");
    await writeFile(file, "# staging\nold-token-1\n");
    await withGateway({ INGEST_TOKENS_FILE: file }, async ({ url }) => {
      expect(await send(url, "Bearer old-token-1")).toBe(200);
      await writeFile(file, "old-token-1\nnew-token-1 # since today\n");
      await expect.poll(() => send(url, "Bearer new-token-1"), { timeout: 8000 }).toBe(200);
      await writeFile(file, "new-token-1\n");
      await expect.poll(() => send(url, "Bearer old-token-1"), { timeout: 8000 }).toBe(401);
      await writeFile(file, "\n");
      await sleep(1500);
      expect(await send(url, "Bearer new-token-1")).toBe(200);
    });
  });
});

describe("TLS", () => {
  const serverFiles = { TLS_CERT: join(TLS, "server.pem"), TLS_KEY: join(TLS, "server.key") };

  function getOverTls(port: number, options: RequestOptions): Promise<number | string> {
    return new Promise((resolve) => {
      const request = httpsRequest({ host: "localhost", port, path: "/healthz", ...options }, (response) =>
        resolve(response.resume().statusCode ?? 0),
      );
      request.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      request.end();
    });
  }

  test("serves both doors, and plain text gets nowhere", async () => {
    const ca = await readFile(join(TLS, "ca.pem"));
    await withGateway(serverFiles, async ({ httpPort, grpcPort }) => {
      expect(await getOverTls(httpPort, { ca })).toBe(200);
      expect(await callGrpc(grpcPort, { channel: credentials.createSsl(ca) })).toBe(0);
      await expect(fetch(`http://localhost:${httpPort}/healthz`)).rejects.toThrow();
      expect(await callGrpc(grpcPort, {})).not.toBe(0);
    });
  });

  test("with a client authority lets in only those who have its certificate", async () => {
    const [ca, cert, key] = await Promise.all(["ca.pem", "client.pem", "client.key"].map((name) => readFile(join(TLS, name))));
    await withGateway({ ...serverFiles, TLS_CLIENT_CA: join(TLS, "ca.pem") }, async ({ httpPort, grpcPort }) => {
      expect(await getOverTls(httpPort, { ca, cert, key })).toBe(200);
      expect(await getOverTls(httpPort, { ca })).toMatch(/^ERR_|ECONNRESET/);
      expect(await callGrpc(grpcPort, { channel: credentials.createSsl(ca, key, cert) })).toBe(0);
      expect(await callGrpc(grpcPort, { channel: credentials.createSsl(ca) })).not.toBe(0);
    });
  });

  test("a renewed certificate greets new connections without a restart, and clients of the new authority get in", async () => {
    const files = { TLS_CERT: "served.pem", TLS_KEY: "served.key", TLS_CLIENT_CA: "clients.pem" };
    const env = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(directory, file)]));
    const install = async (prefix: string): Promise<void> => {
      await copyFile(join(TLS, `${prefix}server.pem`), join(directory, "served.pem"));
      await copyFile(join(TLS, `${prefix}server.key`), join(directory, "served.key"));
      await copyFile(join(TLS, `${prefix}ca.pem`), join(directory, "clients.pem"));
    };
    const identity = async (prefix: string) => {
      const [ca, cert, key] = await Promise.all(["ca.pem", "client.pem", "client.key"].map((name) => readFile(join(TLS, prefix + name))));
      return { ca: ca ?? Buffer.alloc(0), cert: cert ?? Buffer.alloc(0), key: key ?? Buffer.alloc(0) };
    };
    const [first, renewed] = await Promise.all([identity(""), identity("renewed-")]);
    await install("");
    await withGateway(env, async ({ httpPort, grpcPort }) => {
      const grpcOf = ({ ca, cert, key }: typeof first) => credentials.createSsl(ca, key, cert);
      const kept = new Agent({ keepAlive: true, maxSockets: 1, ...first });
      const overKept = (): Promise<number | string> => getOverTls(httpPort, { agent: kept, ...first });
      expect(await overKept()).toBe(200);
      expect(await callGrpc(grpcPort, { channel: grpcOf(first) })).toBe(0);
      expect(await getOverTls(httpPort, renewed)).not.toBe(200);

      // A key that is not the certificate's, as for a moment between two writes: the pair before stays.
      await copyFile(join(TLS, "renewed-server.key"), join(directory, "served.key"));
      await sleep(1500);
      expect(await getOverTls(httpPort, first)).toBe(200);

      await install("renewed-");
      await expect.poll(() => getOverTls(httpPort, renewed), { timeout: 8000 }).toBe(200);
      expect(await callGrpc(grpcPort, { channel: grpcOf(renewed) })).toBe(0);
      // Who has the old authority's certificate is let in no more, on new connections and on those that were open.
      expect(await getOverTls(httpPort, first)).not.toBe(200);
      expect(await callGrpc(grpcPort, { channel: grpcOf(first) })).not.toBe(0);
      await expect.poll(overKept, { timeout: 8000 }).not.toBe(200);
      kept.destroy();
    });
  });

  test("a key of another certificate stops the start", async () => {
    await expect(
      withGateway({ TLS_CERT: serverFiles.TLS_CERT, TLS_KEY: join(TLS, "renewed-server.key") }, async () => undefined),
    ).rejects.toThrow(/^TLS_CERT, TLS_KEY: cannot be used/);
  });

  test("names the variable whose file is not there", async () => {
    await expect(withGateway({ TLS_CERT: "/nowhere.pem", TLS_KEY: "/nowhere.key" }, async () => undefined)).rejects.toThrow(
      /^TLS_CERT: cannot read/,
    );
  });
});

describe("CORS", () => {
  const preflight = (url: string, origin: string): Promise<Response> =>
    fetch(`${url}/v1/traces`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });

  test("is off by default", async () => {
    await withGateway({}, async ({ url }) => {
      const response = await preflight(url, "https://app.example");
      expect(response.status).toBe(405);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    });
  });

  test("lets the configured origins in, without a token on the preflight, and no other", async () => {
    await withGateway({ CORS_ORIGINS: "https://app.example", INGEST_TOKENS: "ingest-token-1" }, async ({ url }) => {
      const allowed = await preflight(url, "https://app.example");
      expect(allowed.status).toBe(204);
      expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
      expect((await preflight(url, "https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
    });
  });
});

describe("prompts", () => {
  test("are in no row unless they are configured in", async () => {
    const stored = async (spanIds: readonly string[]): Promise<string[]> =>
      (
        await database.pool.query<{ text: string }>("select t::text as text from genai.llm_traces t where span_id = any($1)", [spanIds])
      ).rows.map(({ text }) => text);
    for (const [captured, env] of [
      [false, {}],
      [true, { CAPTURE_CONTENT: "true" }],
    ] as const) {
      await withGateway(env, async ({ url }) => {
        const { protobuf, spanIds } = traceRequest({ spans: 2, promptChars: 500 });
        await fetch(`${url}/v1/traces`, { method: "POST", headers: PROTOBUF, body: protobuf });
        const rows = await stored(spanIds);
        expect(rows).toHaveLength(2);
        expect(rows.every((row) => row.includes("secret secret"))).toBe(captured);
      });
    }
  });
});
