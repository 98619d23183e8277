import { availableParallelism } from "node:os";
import * as v from "valibot";
import { byteCount, duration, flag, headers, identifier, list, port, text, tokens, url, wholeNumber, wordOr } from "./config-value.ts";

/** The environment is wrong; the message lists every mistake, one a line. */
export class ConfigError extends Error {}

/** `about` and `fallback` are what docs/configuration.md says of a variable. */
interface Meta {
  readonly section: string;
  readonly about: string;
}

/** A variable with a default, written as a user would write it. */
function variable<const S extends v.GenericSchema<string, unknown>>(
  env: string,
  schema: S,
  meta: Meta & { readonly default: string; readonly fallback?: string },
) {
  const { section, about } = meta;
  return v.pipe(
    v.optional(schema, meta.default as never),
    v.metadata({ env, section, about, fallback: meta.fallback ?? `\`${meta.default}\`` }),
  );
}

/** A variable that may be absent, which reads as null. */
function optionalVariable<const S extends v.GenericSchema<string, unknown>>(
  env: string,
  schema: S,
  meta: Meta & { readonly fallback: string },
) {
  const { section, about, fallback } = meta;
  return v.pipe(v.optional(v.nullable(schema), null as never), v.metadata({ env, section, about, fallback }));
}

const LISTEN = "Listening";
const STORE = "PostgreSQL";
const FORWARD = "Forwarding OTLP";
const LIMITS = "Limits";
const SPOOL = "Spool";
const SECURITY = "Security";
const ENRICHMENT = "Enrichment";
const OPERATION = "Operation";

const ENTRIES = {
  host: variable("HOST", text, {
    section: LISTEN,
    about: "Address to listen on. The default is reachable from this machine only; in a container set `0.0.0.0`, and set tokens with it.",
    default: "127.0.0.1",
  }),
  httpPort: variable("HTTP_PORT", port, {
    section: LISTEN,
    about: "OTLP/HTTP, health, metrics and the analytics API. 0 takes any free port. `PORT` is read when `HTTP_PORT` is absent.",
    default: "4318",
  }),
  grpcPort: variable("GRPC_PORT", wordOr("off", null, port), {
    section: LISTEN,
    about: "OTLP/gRPC; `off` closes that door.",
    default: "4317",
  }),
  corsOrigins: variable("CORS_ORIGINS", list, {
    section: LISTEN,
    about: "Origins of web pages that may send spans, separated by commas, `*` for any. Without it browsers are refused.",
    default: "",
    fallback: "none",
  }),

  databaseUrl: optionalVariable("DATABASE_URL", url(["postgres:", "postgresql:"], "postgres://user:password@host:5432/database"), {
    section: STORE,
    about: "Where rows go. Without it and without `FORWARD_OTLP_ENDPOINT` the gateway starts a PostgreSQL of its own under `DATA_DIR`.",
    fallback: "embedded",
  }),
  dataDir: variable("DATA_DIR", text, {
    section: STORE,
    about: "Folder of the embedded database and, unless `SPOOL_DIR` says otherwise, of the spool.",
    default: ".genai-otel",
  }),
  schema: variable("SCHEMA", identifier, { section: STORE, about: "PostgreSQL schema of all tables.", default: "genai" }),
  retentionDays: variable("RETENTION_DAYS", wholeNumber(1, 3650), {
    section: STORE,
    about: "Days that rows are kept; older day partitions are dropped.",
    default: "30",
  }),
  readerPassword: optionalVariable("GENAI_READER_PASSWORD", text, {
    section: STORE,
    about: "Password of the read-only role `genai_reader`, for Grafana. Without it the role exists and cannot log in.",
    fallback: "none",
  }),
  storeSpans: variable("STORE_SPANS", v.picklist(["all", "genai", "none"], "expected all, genai or none"), {
    section: STORE,
    about:
      "Which spans that are not of GenAI are stored for the waterfall: `all`, `genai` (those of traces in which a GenAI span was already seen; one that ends before the first is left out), or `none`.",
    default: "all",
  }),
  databaseConnections: variable("DATABASE_CONNECTIONS", wholeNumber(1, 32), {
    section: STORE,
    about: "Connections that write, per worker.",
    default: "2",
  }),

  forwardEndpoint: optionalVariable("FORWARD_OTLP_ENDPOINT", url(["http:", "https:"], "http://tempo:4318"), {
    section: FORWARD,
    about: "Also (or only) send the enriched spans to this OTLP backend. `/v1/traces` is appended for HTTP.",
    fallback: "off",
  }),
  forwardProtocol: variable("FORWARD_OTLP_PROTOCOL", v.picklist(["http/protobuf", "grpc"], "expected http/protobuf or grpc"), {
    section: FORWARD,
    about: "`http/protobuf` or `grpc`.",
    default: "http/protobuf",
  }),
  forwardHeaders: variable("FORWARD_OTLP_HEADERS", headers, {
    section: FORWARD,
    about: "Headers sent along, as in `OTEL_EXPORTER_OTLP_HEADERS`: `authorization=Bearer%20abc,x-scope-orgid=1`.",
    default: "",
    fallback: "none",
  }),
  forwardCompression: variable("FORWARD_OTLP_COMPRESSION", v.picklist(["none", "gzip"], "expected none or gzip"), {
    section: FORWARD,
    about: "`gzip` (level 1 over HTTP) costs several times the CPU of everything else; worth it across a network that is paid for.",
    default: "none",
  }),
  forwardTimeoutMs: variable("FORWARD_OTLP_TIMEOUT", duration(100, 120_000), {
    section: FORWARD,
    about: "How long one attempt may take.",
    default: "10s",
  }),
  forwardCaFile: optionalVariable("FORWARD_OTLP_CA", text, {
    section: FORWARD,
    about: "PEM file with the authority that signed the backend's certificate. The three files are read again as they change.",
    fallback: "the system's",
  }),
  forwardCertFile: optionalVariable("FORWARD_OTLP_CERT", text, {
    section: FORWARD,
    about: "PEM file of a client certificate.",
    fallback: "none",
  }),
  forwardKeyFile: optionalVariable("FORWARD_OTLP_KEY", text, { section: FORWARD, about: "PEM file of its key.", fallback: "none" }),

  bodyBytesMax: variable("BODY_BYTES_MAX", byteCount(1024), {
    section: LIMITS,
    about: "Largest request, also after inflating it; beyond it 413. The Collector's own default.",
    default: "20MB",
  }),
  admittedBytesMax: variable("ADMITTED_BYTES_MAX", byteCount(1024 * 1024), {
    section: LIMITS,
    about: "Request bytes that one worker holds at a time, from the first byte to the answer; beyond it 429 with Retry-After.",
    default: "48MB",
  }),
  connectionsMax: variable("CONNECTIONS_MAX", wholeNumber(1, 1_000_000), {
    section: LIMITS,
    about: "Open HTTP connections per worker; more are closed at once.",
    default: "4096",
  }),
  requestTimeoutMs: variable("REQUEST_TIMEOUT", duration(1000, 600_000), {
    section: LIMITS,
    about: "Time a client has to send its whole request; then 408, over gRPC DEADLINE_EXCEEDED.",
    default: "30s",
  }),
  batchSpansMax: variable("BATCH_SPANS_MAX", wholeNumber(1, 100_000), {
    section: LIMITS,
    about: "Spans per write to a sink.",
    default: "5000",
  }),
  batchBytesMax: variable("BATCH_BYTES_MAX", byteCount(1024), {
    section: LIMITS,
    about: "Bytes per write to a sink. Tempo takes 4 MB over gRPC by default.",
    default: "3MB",
  }),
  batchDelayMs: variable("BATCH_DELAY", duration(0, 10_000), {
    section: LIMITS,
    about: "Longest wait for more spans while another write is under way. An idle sink is written to at once.",
    default: "50ms",
  }),

  spoolDir: optionalVariable("SPOOL_DIR", text, {
    section: SPOOL,
    about: "Folder of the spool. Put it on a disk that survives the container.",
    fallback: "`DATA_DIR`/spool",
  }),
  spoolBytesMax: variable("SPOOL_BYTES_MAX", wordOr("0", 0, byteCount(1024 * 1024)), {
    section: SPOOL,
    about:
      "Disk that the spool of one sink may take, all workers together; beyond it 503 with Retry-After. 0 = no spool: 503 as soon as a sink is away.",
    default: "1GB",
  }),
  sinkSlowMs: variable("SINK_SLOW", duration(100, 60_000), {
    section: SPOOL,
    about: "A write that takes longer goes to the spool. Keep it under the exporters' timeout, which is 10 s in every OpenTelemetry SDK.",
    default: "5s",
  }),

  ingestTokens: variable("INGEST_TOKENS", tokens, {
    section: SECURITY,
    about: "Bearer tokens that may send spans, separated by commas.",
    default: "",
    fallback: "none: open",
  }),
  ingestTokensFile: optionalVariable("INGEST_TOKENS_FILE", text, {
    section: SECURITY,
    about: "The same, one a line, `#` starts a comment. Read again when it changes: rotation without a restart.",
    fallback: "none",
  }),
  readTokens: variable("READ_TOKENS", tokens, {
    section: SECURITY,
    about: "Bearer tokens that may read `/metrics` and `/api`. When only ingest tokens are set, reading is closed.",
    default: "",
    fallback: "none",
  }),
  readTokensFile: optionalVariable("READ_TOKENS_FILE", text, { section: SECURITY, about: "The same, one a line.", fallback: "none" }),
  tlsCertFile: optionalVariable("TLS_CERT", text, {
    section: SECURITY,
    about: "PEM file with the certificate chain: both ports then speak TLS only. The three files are read again as they change.",
    fallback: "none: plain text",
  }),
  tlsKeyFile: optionalVariable("TLS_KEY", text, { section: SECURITY, about: "PEM file with its key.", fallback: "none" }),
  tlsClientCaFile: optionalVariable("TLS_CLIENT_CA", text, {
    section: SECURITY,
    about: "PEM file with an authority: only clients with a certificate of it get in (mTLS), health checks included.",
    fallback: "none",
  }),

  captureContent: variable("CAPTURE_CONTENT", flag, {
    section: ENRICHMENT,
    about: "Also store prompts, completions and tool arguments in the `attributes` column. They are forwarded by OTLP either way.",
    default: "false",
  }),
  pricesFile: optionalVariable("GENAI_OTEL_PRICES", text, {
    section: ENRICHMENT,
    about: "JSON file of your own prices, which come before the built-in ones (docs/costs.md).",
    fallback: "none",
  }),

  traceMemorySpans: variable("TRACE_MEMORY_SPANS", wholeNumber(100, 10_000_000), {
    section: ENRICHMENT,
    about:
      "Recent spans that a worker remembers, to tell calls from wrappers and retries across batches; 0.7 KB each, or 0.1 KB where nothing about their trace is odd.",
    default: "50000",
  }),

  workers: optionalVariable("WORKERS", wholeNumber(1, 256), {
    section: OPERATION,
    about: "Processes that share the ports.",
    fallback: "one per core; 1 with the embedded database",
  }),
  shutdownMs: variable("SHUTDOWN_TIMEOUT", duration(100, 600_000), {
    section: OPERATION,
    about: "After SIGTERM, time to finish what was accepted. Keep it under the orchestrator's own patience (30 s in Kubernetes).",
    default: "20s",
  }),
  logLevel: variable("LOG_LEVEL", v.picklist(["debug", "info", "warn", "error", "silent"], "expected debug, info, warn, error or silent"), {
    section: OPERATION,
    about: "Logs are JSON lines on stderr, never a line per span.",
    default: "info",
  }),
};

const CONFIG_SCHEMA = v.object(ENTRIES);

export type Config = Readonly<v.InferOutput<typeof CONFIG_SCHEMA>> & { readonly workers: number; readonly spoolDir: string };

type Parsed = v.InferOutput<typeof CONFIG_SCHEMA>;

/** What no single variable shows: each row is a mistake and how to know it. */
const CONFLICTS: readonly { readonly when: (config: Parsed) => boolean; readonly message: string }[] = [
  { when: (c) => (c.tlsCertFile === null) !== (c.tlsKeyFile === null), message: "TLS_CERT, TLS_KEY: expected both or neither" },
  { when: (c) => c.tlsClientCaFile !== null && c.tlsCertFile === null, message: "TLS_CLIENT_CA: expected TLS_CERT and TLS_KEY beside it" },
  {
    when: (c) => (c.forwardCertFile === null) !== (c.forwardKeyFile === null),
    message: "FORWARD_OTLP_CERT, FORWARD_OTLP_KEY: expected both or neither",
  },
  {
    when: (c) => c.ingestTokens.length > 0 && c.ingestTokensFile !== null,
    message: "INGEST_TOKENS, INGEST_TOKENS_FILE: expected one of them",
  },
  { when: (c) => c.readTokens.length > 0 && c.readTokensFile !== null, message: "READ_TOKENS, READ_TOKENS_FILE: expected one of them" },
  {
    when: (c) => (c.readTokens.length > 0 || c.readTokensFile !== null) && c.ingestTokens.length === 0 && c.ingestTokensFile === null,
    message: "READ_TOKENS: expected INGEST_TOKENS beside it, or anybody could still write",
  },
  { when: (c) => c.admittedBytesMax < c.bodyBytesMax, message: "ADMITTED_BYTES_MAX: expected at least BODY_BYTES_MAX" },
  { when: (c) => c.httpPort === c.grpcPort && c.httpPort !== 0, message: "HTTP_PORT, GRPC_PORT: expected two different ports" },
];

/**
 * Reads the whole configuration from the environment; frozen. Empty variables count as absent, as Compose files leave them.
 * Throws ConfigError with every mistake at once.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const named = { PORT: env["PORT"], ...env, HTTP_PORT: presentOr(env["HTTP_PORT"], env["PORT"]) };
  const input = Object.fromEntries(
    configVariables().map(({ key, env: name }) => [key, presentOr(named[name as keyof typeof named], undefined)]),
  );
  const result = v.safeParse(CONFIG_SCHEMA, input, { abortPipeEarly: true });
  if (!result.success) throw new ConfigError(formatMistakes(result.issues.map(formatIssue)));
  const conflicts = CONFLICTS.filter(({ when }) => when(result.output)).map(({ message }) => message);
  if (conflicts.length > 0) throw new ConfigError(formatMistakes(conflicts));
  return Object.freeze(withDerivedDefaults(result.output));
}

function presentOr<T>(value: string | undefined, otherwise: T): string | T {
  return value === undefined || value.trim() === "" ? otherwise : value;
}

function withDerivedDefaults(parsed: Parsed): Config {
  const embedded = parsed.databaseUrl === null && parsed.forwardEndpoint === null;
  return {
    ...parsed,
    workers: parsed.workers ?? (embedded ? 1 : availableParallelism()),
    spoolDir: parsed.spoolDir ?? `${parsed.dataDir}/spool`,
  };
}

function formatIssue(issue: { readonly message: string; readonly path?: readonly { readonly key: unknown }[] | undefined }): string {
  const key = issue.path?.[0]?.key;
  return `${configVariables().find((entry) => entry.key === key)?.env ?? "environment"}: ${issue.message}`;
}

function formatMistakes(mistakes: readonly string[]): string {
  return ["the configuration is wrong:", ...mistakes.map((mistake) => `  ${mistake}`), "docs/configuration.md lists every variable."].join(
    "\n",
  );
}

export interface ConfigVariable {
  readonly key: string;
  readonly env: string;
  readonly section: string;
  readonly about: string;
  /** What holds without it, as text. */
  readonly fallback: string;
}

/** Every variable, in the order of the document. */
export function configVariables(): readonly ConfigVariable[] {
  return Object.entries(ENTRIES).map(([key, schema]) => ({ key, ...(v.getMetadata(schema) as Omit<ConfigVariable, "key">) }));
}
