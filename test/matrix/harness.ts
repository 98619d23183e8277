import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { ProviderStandIn, ServedRequest } from "../../processor/demo/provider-stand-in.ts";

const CHILD_MS_MAX = 90_000;
const RUN_CASES = fileURLToPath(new URL("run-cases.mjs", import.meta.url));
const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly scope: string;
  readonly statusCode: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Receiver {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  close(): Promise<void>;
}

/** Takes OTLP/JSON from the standard exporter and keeps the spans. */
export async function startReceiver(): Promise<Receiver> {
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.url === "/v1/traces") spans.push(...readSpans(JSON.parse(Buffer.concat(chunks).toString())));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status?: { readonly code?: number };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly OtlpAttribute[];
}
interface OtlpRequest {
  readonly resourceSpans?: readonly {
    readonly scopeSpans?: readonly { readonly scope?: { readonly name?: string }; readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

function readSpans(request: OtlpRequest): ReceivedSpan[] {
  const scopes = request.resourceSpans?.flatMap((resource) => resource.scopeSpans ?? []) ?? [];
  return scopes.flatMap(({ scope, spans }) =>
    (spans ?? []).map((span) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId ?? "",
      name: span.name,
      scope: scope?.name ?? "",
      statusCode: span.status?.code ?? 0,
      startMs: Number(span.startTimeUnixNano) / 1e6,
      endMs: Number(span.endTimeUnixNano) / 1e6,
      attributes: Object.fromEntries((span.attributes ?? []).map(({ key, value }) => [key, plain(value)])),
    })),
  );
}

function plain(value: Readonly<Record<string, unknown>>): unknown {
  if ("intValue" in value) return Number(value["intValue"]);
  if ("arrayValue" in value) return ((value["arrayValue"] as { values?: Readonly<Record<string, unknown>>[] }).values ?? []).map(plain);
  return Object.values(value)[0];
}

export interface CaseRun {
  readonly sdk: string;
  readonly standIn: ProviderStandIn;
  /** Node's arguments that load the instrumentation; empty for a run without it. */
  readonly nodeArgs: readonly string[];
  readonly node?: string;
  readonly only?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface CaseResults {
  /** What the application saw, by case. */
  readonly seen: ReadonlyMap<string, unknown>;
  readonly spans: readonly ReceivedSpan[];
  readonly stderr: string;
  readonly exitCode: number | null;
}

/** Runs the cases of one SDK in a process of their own; its spans come over OTLP. */
export async function runCases(run: CaseRun): Promise<CaseResults> {
  const receiver = await startReceiver();
  const where = JSON.stringify({ sdk: run.sdk, url: run.standIn.url, http2Url: run.standIn.http2Url, only: run.only });
  const child = spawn(run.node ?? process.execPath, [...run.nodeArgs, RUN_CASES, where], {
    cwd: PROJECT,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_SERVICE_NAME: "matrix",
      ...run.env,
    },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), CHILD_MS_MAX);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => void child.on("close", resolve));
  clearTimeout(timer);
  await receiver.close();
  const lines = stdout.split("\n").filter((line) => line.startsWith('{"case"'));
  const results = lines.map((line) => JSON.parse(line) as { case: string; seen: unknown });
  return { seen: new Map(results.map(({ case: name, seen }) => [name, seen])), spans: receiver.spans, stderr, exitCode };
}

/** The spans of one case: its own, and all below it. */
export function spansOfCase(spans: readonly ReceivedSpan[], name: string): readonly ReceivedSpan[] {
  const root = spans.find((span) => span.attributes["case.name"] === name);
  return root === undefined ? [] : spans.filter((span) => span.traceId === root.traceId && span !== root);
}

/** What the stand-in served to one case, in order. */
export function servedTo(standIn: ProviderStandIn, scriptId: string): readonly ServedRequest[] {
  return standIn.requests.filter((request) => request.scriptId === scriptId);
}
