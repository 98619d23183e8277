import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startTestGateway, type TestGateway } from "../support/test-gateway.ts";

const run = promisify(execFile);
const TOKEN = "conformance-token";

let database: TestDatabase;
let gateway: TestGateway;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let goExporter: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  goExporter = join(directory.path, "export");
  await run("go", ["build", "-o", goExporter, "."], { cwd: join(import.meta.dirname, "go") });
  database = await createDatabase();
  gateway = await startTestGateway({ DATABASE_URL: database.url, INGEST_TOKENS: TOKEN });
});
afterAll(async () => {
  await gateway.close();
  await database.drop();
  await directory.remove();
});

const exporters = {
  python: (args: string[]) => run(process.env["OTLP_PYTHON"] ?? "python3", [join(import.meta.dirname, "python/export.py"), ...args]),
  go: (args: string[]) => run(goExporter, args),
};

test.each([
  ["python", "http", "none"],
  ["python", "http", "gzip"],
  ["python", "grpc", "none"],
  ["python", "grpc", "gzip"],
  ["go", "http", "none"],
  ["go", "http", "gzip"],
  ["go", "grpc", "none"],
  ["go", "grpc", "gzip"],
] as const)("OpenTelemetry's exporter for %s over %s, compression %s", async (language, protocol, compression) => {
  const endpoint = protocol === "http" ? gateway.url : `http://127.0.0.1:${gateway.grpcPort}`;
  const { stdout } = await exporters[language]([protocol, endpoint, compression, TOKEN]);
  const traceId = stdout.trim();
  const { rows } = await database.pool.query("select * from genai.llm_traces where trace_id = $1 order by created_at", [traceId]);
  expect(rows).toMatchObject([
    { model_provider: "anthropic", status: "completed", input_tokens: "1200", output_tokens: "80", cost_status: "priced", llm_call: true },
    { model_provider: "anthropic", status: "failed", error_category: "model_overloaded", http_status: 529 },
  ]);
  expect((await database.pool.query("select name from genai.spans where trace_id = $1", [traceId])).rows).toEqual([
    { name: "GET /answer" },
  ]);
});
