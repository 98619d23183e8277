/**
 * Every way in which a request can be refused, with its HTTP status and its gRPC code (OTLP specification, "Failures";
 * numbers: google.rpc.Code). Exporters resend after 429 and 503, and after UNAVAILABLE or a RESOURCE_EXHAUSTED that
 * carries RetryInfo; after everything else they drop the batch.
 */
export const REFUSALS = {
  malformed: { http: 400, grpc: 3 },
  unauthenticated: { http: 401, grpc: 16 },
  not_found: { http: 404, grpc: 12 },
  method_not_allowed: { http: 405, grpc: 12 },
  timeout: { http: 408, grpc: 4 },
  too_large: { http: 413, grpc: 8 },
  unsupported_media_type: { http: 415, grpc: 3 },
  overloaded: { http: 429, grpc: 8 },
  internal: { http: 500, grpc: 13 },
  unavailable: { http: 503, grpc: 14 },
} as const;

export type RefusalReason = keyof typeof REFUSALS;

/** A request that is answered with an error. The message goes to the sender: it names what was wrong and never quotes content. */
export class Refusal extends Error {
  readonly reason: RefusalReason;
  /** When the sender may come again; null where it should not. */
  readonly retryAfterMs: number | null;

  constructor(reason: RefusalReason, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The sender went away before its request was whole: there is nobody to answer. */
export class SenderGoneError extends Error {}

export function tooLarge(bytesMax: number): Refusal {
  return new Refusal("too_large", `the request is larger than ${bytesMax} bytes: send smaller batches, or raise BODY_BYTES_MAX`);
}
