/** gRPC's codes by number (google/rpc/code.proto). OK is no failure. */
const GRPC_CODES: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** The name of a gRPC code that is given by number (1 to 16) or by name; undefined for anything else, such as an HTTP status. */
export function grpcCodeName(code: unknown): string | undefined {
  if (typeof code === "string" && /^[A-Za-z][A-Za-z_]{2,40}$/.test(code)) return code;
  const number = numberOf(code);
  return number !== null && number >= 1 && number <= 16 ? GRPC_CODES[number] : undefined;
}

/** An HTTP status that tells of a failure; null for a success, a gRPC number, a name. */
export function httpStatusOf(status: unknown): number | null {
  const number = numberOf(status);
  return number !== null && number >= 400 && number <= 599 ? number : null;
}

function numberOf(value: unknown): number | null {
  if (typeof value === "number") return Number.isInteger(value) ? value : null;
  return typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : null;
}
