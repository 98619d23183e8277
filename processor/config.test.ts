import { describe, expect, test } from "vitest";
import { ConfigError, configVariables, readConfig } from "./config.ts";

function mistakesOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message
        .split("\n")
        .slice(1, -1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

describe("readConfig", () => {
  test("needs nothing, listens on this machine only, and is frozen", () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: "127.0.0.1",
      httpPort: 4318,
      grpcPort: 4317,
      databaseUrl: null,
      forwardEndpoint: null,
      workers: 1,
      captureContent: false,
    });
    expect(config.spoolDir).toBe(".genai-otel/spool");
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("reads every kind of value", () => {
    const config = readConfig({
      DATABASE_URL: "postgres://u:p@db.example:5432/genai",
      HTTP_PORT: "0",
      GRPC_PORT: "off",
      BODY_BYTES_MAX: "1.5MB",
      SPOOL_BYTES_MAX: "2GiB",
      SINK_SLOW: "1500ms",
      REQUEST_TIMEOUT: "2m",
      CAPTURE_CONTENT: "yes",
      FORWARD_OTLP_ENDPOINT: "https://tempo.example",
      FORWARD_OTLP_HEADERS: "Authorization=Bearer%20a%2Cb, x-scope-orgid = 7",
      INGEST_TOKENS: "token-one, token-two",
      WORKERS: "3",
      SPOOL_DIR: "/var/spool",
    });
    expect(config).toMatchObject({
      httpPort: 0,
      grpcPort: null,
      bodyBytesMax: 1.5 * 1024 * 1024,
      spoolBytesMax: 2 * 1024 ** 3,
      sinkSlowMs: 1500,
      requestTimeoutMs: 120_000,
      captureContent: true,
      forwardHeaders: { authorization: "Bearer a,b", "x-scope-orgid": "7" },
      ingestTokens: ["token-one", "token-two"],
      workers: 3,
      spoolDir: "/var/spool",
    });
  });

  test("takes PORT where platforms set it, and HTTP_PORT before it", () => {
    expect(readConfig({ PORT: "8080" }).httpPort).toBe(8080);
    expect(readConfig({ PORT: "8080", HTTP_PORT: "9090" }).httpPort).toBe(9090);
  });

  test("takes an empty variable for an absent one, as Compose files leave them", () => {
    expect(readConfig({ DATABASE_URL: "", HTTP_PORT: " ", WORKERS: "" })).toMatchObject({ databaseUrl: null, httpPort: 4318, workers: 1 });
  });

  test("tells all mistakes at once, each with its variable and what was expected, and no secret", () => {
    const mistakes = mistakesOf({
      HTTP_PORT: "x",
      DATABASE_URL: "mysql://root:hunter22@db/x",
      INGEST_TOKENS: "short",
      BODY_BYTES_MAX: "-1",
      RETENTION_DAYS: "0",
      CAPTURE_CONTENT: "maybe",
    });
    expect(mistakes.map((line) => line.split(":")[0])).toEqual([
      "HTTP_PORT",
      "DATABASE_URL",
      "RETENTION_DAYS",
      "BODY_BYTES_MAX",
      "INGEST_TOKENS",
      "CAPTURE_CONTENT",
    ]);
    expect(mistakes.every((line) => line.includes("expected"))).toBe(true);
    expect(mistakes.join()).not.toMatch(/hunter22|short/);
  });

  test.each([
    [{ TLS_CERT: "a" }, "TLS_CERT, TLS_KEY"],
    [{ TLS_CLIENT_CA: "a" }, "TLS_CLIENT_CA"],
    [{ READ_TOKENS: "reading-token" }, "READ_TOKENS"],
    [{ INGEST_TOKENS: "token-one", INGEST_TOKENS_FILE: "f" }, "INGEST_TOKENS, INGEST_TOKENS_FILE"],
    [{ HTTP_PORT: "4317" }, "HTTP_PORT, GRPC_PORT"],
    [{ ADMITTED_BYTES_MAX: "1MB" }, "ADMITTED_BYTES_MAX"],
    [{ FORWARD_OTLP_HEADERS: "no value" }, "FORWARD_OTLP_HEADERS"],
    [{ FORWARD_OTLP_HEADERS: "a=%zz" }, "FORWARD_OTLP_HEADERS"],
    [{ FORWARD_OTLP_ENDPOINT: "tempo:4318" }, "FORWARD_OTLP_ENDPOINT"],
    [{ SCHEMA: 'x"; drop' }, "SCHEMA"],
    [{ SPOOL_BYTES_MAX: "1KB" }, "SPOOL_BYTES_MAX"],
    [{ GRPC_PORT: "on" }, "GRPC_PORT"],
  ])("refuses %j", (env, variable) => {
    expect(mistakesOf(env as Record<string, string>).map((line) => line.split(":")[0])).toEqual([variable]);
  });

  test("describes every variable once", () => {
    const variables = configVariables();
    expect(new Set(variables.map(({ env }) => env)).size).toBe(variables.length);
    expect(variables.filter(({ about, fallback }) => about === "" || fallback === "")).toEqual([]);
  });
});
