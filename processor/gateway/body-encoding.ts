import type { BodyEncoding } from "../otlp/partial-success.ts";

/** The Content-Type of answers in each encoding: they go out in the one that the request came in. */
export const CONTENT_TYPES: Readonly<Record<BodyEncoding, string>> = { protobuf: "application/x-protobuf", json: "application/json" };

/** A parsed document takes several times the bytes of its text. */
export const PARSED_WEIGHT: Readonly<Record<BodyEncoding, number>> = { protobuf: 0, json: 4 };

const ENCODINGS: ReadonlyMap<string, BodyEncoding> = new Map([
  ["application/x-protobuf", "protobuf"],
  ["application/protobuf", "protobuf"],
  ["application/json", "json"],
]);

/** The encoding that a Content-Type names; null for one that OTLP does not have. */
export function bodyEncodingOf(contentType: string | undefined): BodyEncoding | null {
  const type = (contentType ?? "").split(";", 1)[0] ?? "";
  return ENCODINGS.get(type.trim().toLowerCase()) ?? null;
}
