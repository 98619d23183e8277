import {
  type ChannelCredentials,
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
  status as GRPC_STATUS,
} from "@grpc/grpc-js";
import { retryInfoMs } from "../otlp/retry-info.ts";
import { RefusedBatchError, SinkAwayError } from "./sink-error.ts";
import type { OtlpTarget, OtlpTransport } from "./otlp.ts";

const METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/** The codes that say that the batch itself is at fault (OTLP specification, OTLP/gRPC response: not retryable). */
const REFUSED = new Set<number>([GRPC_STATUS.INVALID_ARGUMENT, GRPC_STATUS.FAILED_PRECONDITION]);

const raw = (bytes: Buffer): Buffer => bytes;

/** grpc-js takes a message in one piece. It may keep it for longer than the call, so it gets a copy in every case. */
const joined = (parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

/** OTLP/gRPC: the batch's bytes are the message. */
export function otlpGrpcTransport(target: OtlpTarget): OtlpTransport {
  const url = new URL(target.endpoint);
  const client = new Client(url.host, channelCredentials(url, target), {
    "grpc.default_compression_algorithm": target.compression === "gzip" ? compressionAlgorithms.gzip : compressionAlgorithms.identity,
    "grpc.max_send_message_length": -1,
  });
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(target.headers)) metadata.set(key, value);
  return {
    send: (parts) =>
      new Promise((resolve, reject) => {
        const deadline = Date.now() + target.timeoutMs;
        client.makeUnaryRequest(METHOD, raw, raw, joined(parts), metadata, { deadline }, (error, answer) => {
          if (error === null) resolve(answer ?? Buffer.alloc(0));
          else reject(failureOf(error));
        });
      }),
    close: () => client.close(),
  };
}

function channelCredentials(url: URL, { tls }: OtlpTarget): ChannelCredentials {
  return url.protocol === "https:"
    ? credentials.createSsl(tls.ca ?? null, tls.key ?? null, tls.cert ?? null)
    : credentials.createInsecure();
}

function failureOf(error: ServiceError): Error {
  const name = `the backend answered ${GRPC_STATUS[error.code]}: ${error.details}`;
  const details = error.metadata.get("grpc-status-details-bin")[0];
  const retryAfterMs = details instanceof Buffer ? retryInfoMs(details) : null;
  // Too large a message is RESOURCE_EXHAUSTED too; only with RetryInfo is another try invited.
  if (
    REFUSED.has(error.code) ||
    (error.code === GRPC_STATUS.RESOURCE_EXHAUSTED && retryAfterMs === null && /larger than max/.test(error.details))
  ) {
    return new RefusedBatchError(name);
  }
  return new SinkAwayError(name, retryAfterMs ?? 0);
}
