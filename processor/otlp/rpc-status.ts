import { ByteWriter } from "./byte-writer.ts";
import type { BodyEncoding } from "./partial-success.ts";
import { ANY, DURATION, RETRY_DELAY, RETRY_INFO_TYPE, STATUS_DETAILS } from "./retry-info.ts";
import { tagOf, WIRE_TYPE } from "./wire-reader.ts";

export interface RpcStatus {
  /** google.rpc.Code */
  readonly code: number;
  readonly message: string;
  /** When the sender may come again; null where it should not. */
  readonly retryAfterMs: number | null;
}

const CODE = tagOf(1, WIRE_TYPE.varint);
const MESSAGE = tagOf(2, WIRE_TYPE.length);

/**
 * A google.rpc.Status: the body of every OTLP/HTTP error (OTLP specification, "Failures"), and gRPC's
 * `grpc-status-details-bin`. The wait is a RetryInfo among its details.
 */
export function rpcStatus(status: RpcStatus, encoding: BodyEncoding): Buffer {
  const { code, message, retryAfterMs } = status;
  if (encoding === "json")
    return Buffer.from(JSON.stringify({ code, message, ...(retryAfterMs === null ? {} : { details: [retryInfoJson(retryAfterMs)] }) }));
  const out = new ByteWriter(message.length + 128);
  if (code !== 0) {
    out.byte(CODE);
    out.varint(code);
  }
  writeField(out, MESSAGE, Buffer.from(message));
  if (retryAfterMs !== null) writeField(out, STATUS_DETAILS, retryInfoDetail(retryAfterMs));
  return out.written();
}

/** protobuf's JSON mapping of a Duration: seconds with an s. */
function retryInfoJson(retryAfterMs: number): unknown {
  return { "@type": RETRY_INFO_TYPE, retryDelay: `${retryAfterMs / 1000}s` };
}

function retryInfoDetail(retryAfterMs: number): Buffer {
  const seconds = Math.floor(retryAfterMs / 1000);
  const duration = new ByteWriter(16);
  duration.byte(DURATION.seconds);
  duration.varint(seconds);
  duration.byte(DURATION.nanos);
  duration.varint(Math.round((retryAfterMs - seconds * 1000) * 1e6));
  const info = new ByteWriter(32);
  writeField(info, RETRY_DELAY, duration.written());
  const detail = new ByteWriter(128);
  writeField(detail, ANY.typeUrl, Buffer.from(RETRY_INFO_TYPE));
  writeField(detail, ANY.value, info.written());
  return detail.written();
}

function writeField(out: ByteWriter, tag: number, value: Uint8Array): void {
  out.byte(tag);
  out.varint(value.length);
  out.bytes(value);
}
