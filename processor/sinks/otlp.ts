import { setTimeout as sleep } from "node:timers/promises";
import { readPartialSuccess } from "../otlp/partial-success.ts";
import { MalformedError } from "../otlp/wire-reader.ts";
import { backoffMs } from "./backoff.ts";
import type { ClientTls } from "./https-client.ts";
import { otlpGrpcTransport } from "./otlp-grpc.ts";
import { otlpHttpTransport } from "./otlp-http.ts";
import { RefusedBatchError } from "./sink-error.ts";
import type { Sink } from "./sink.ts";

export interface OtlpTarget {
  /** http(s) URL; the path counts for HTTP only. */
  readonly endpoint: string;
  readonly protocol: "http/protobuf" | "grpc";
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: "none" | "gzip";
  /** For one attempt. */
  readonly timeoutMs: number;
  readonly tls: ClientTls;
}

/** One exchange with a backend. `send` takes an ExportTraceServiceRequest in pieces and answers the ExportTraceServiceResponse; throws RefusedBatchError, or anything else for a passing failure. */
export interface OtlpTransport {
  send(parts: readonly Uint8Array[]): Promise<Uint8Array>;
  close(): void;
}

export interface OtlpSinkOptions extends OtlpTarget {
  /** Hears of spans that the backend took the rest without. */
  readonly onRejected: (spans: number, message: string) => void;
}

export interface OtlpSink extends Sink {
  /** Makes new connections with these certificates; what was begun on others is finished there. */
  renew(tls: ClientTls): void;
}

const TRANSPORTS = { "http/protobuf": otlpHttpTransport, grpc: otlpGrpcTransport } as const;
/** A short hiccup is bridged here; for what lasts longer there is the spool. */
const ATTEMPTS_MAX = 3;
const BACKOFF = { firstMs: 100, maxMs: 1000 };

/** Forwards the enriched bytes to Tempo or any other OTLP backend. */
export function otlpSink(options: OtlpSinkOptions): OtlpSink {
  const open = TRANSPORTS[options.protocol];
  let transport = open(options);
  const retired = new Set<OtlpTransport>();
  const closed = new AbortController();
  return {
    name: "otlp",
    readsSpans: false,
    async write(batch) {
      const parts = batch.parts ?? [batch.otlp];
      for (let failures = 0; ; failures += 1) {
        try {
          reportRejected(await transport.send(parts), options);
          return;
        } catch (error) {
          if (error instanceof RefusedBatchError || failures + 1 >= ATTEMPTS_MAX || closed.signal.aborted) throw error;
          await sleep(backoffMs(failures, BACKOFF, error), undefined, { signal: closed.signal, ref: false }).catch(() => undefined);
        }
      }
    },
    renew(tls) {
      const before = transport;
      transport = open({ ...options, tls });
      retired.add(before);
      const close = (): void => {
        before.close();
        retired.delete(before);
      };
      setTimeout(close, options.timeoutMs).unref();
    },
    async close() {
      closed.abort();
      for (const one of [transport, ...retired]) one.close();
    },
  };
}

/** An empty answer says that all was taken; one that is no ExportTraceServiceResponse says nothing: the status was a success. */
function reportRejected(answer: Uint8Array, { onRejected }: OtlpSinkOptions): void {
  if (answer.length === 0) return;
  try {
    const { rejectedSpans, message } = readPartialSuccess(answer);
    if (rejectedSpans > 0) onRejected(rejectedSpans, message);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
}
