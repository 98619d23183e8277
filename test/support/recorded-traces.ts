import { readFileSync } from "node:fs";
import { decodeJsonRequest } from "../../processor/otlp/decode-json-request.ts";

/** A trace as a real SDK and instrumentation exported it, and what the stand-in had served. */
export interface RecordedTrace {
  readonly dialect: string;
  readonly case: string;
  readonly truth: {
    readonly errorCategory: string | null;
    readonly attemptErrorCategories: readonly string[];
    readonly retries: number;
    readonly modelFallbacks: number;
    readonly usage: { readonly inputTotal: number; readonly cacheRead: number; readonly outputTotal: number } | null;
  };
  /** OTLP/JSON. */
  readonly trace: RecordedRequest;
}

export interface RecordedRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly RecordedSpan[] }[] }[];
}

export interface RecordedSpan {
  readonly spanId: string;
  readonly endTimeUnixNano: string | number;
  readonly attributes?: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

export const RECORDED_TRACES: readonly RecordedTrace[] = readFileSync(new URL("../fixtures/traces/recorded.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as RecordedTrace);

/** OTLP/JSON as protobuf. */
export function toProtobuf(trace: object): Uint8Array {
  return decodeJsonRequest(Buffer.from(JSON.stringify(trace))).protobuf;
}
