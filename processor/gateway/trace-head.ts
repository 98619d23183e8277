import type { BodyEncoding } from "../otlp/partial-success.ts";
import { bodyEncodingOf } from "./body-encoding.ts";
import { isInflatable } from "./inflate-body.ts";

/** A request's line and headers together. */
export const HEAD_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 100;
/** More digits are no length that is allowed anywhere. */
const LENGTH_PATTERN = /^\d{1,12}$/;
/** RFC 9112 section 5: a token, a colon, and a value without controls; no space before the colon, no folded line. */
const HEADER_PATTERN = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

export const TRACE_REQUEST_LINE = "POST /v1/traces HTTP/1.1";

/** What the head of a request to POST /v1/traces says. */
export interface TraceHead {
  readonly bodyBytes: number;
  readonly encoding: BodyEncoding;
  /** "identity", or one that can be inflated. */
  readonly contentEncoding: string;
  readonly authorization: string | undefined;
}

/** What is looked at; each may stand once. */
const FIELDS = new Set(["host", "content-length", "content-type", "content-encoding", "authorization", "connection"]);

/** Whoever sends one of these wants more than the plain exchange. */
const UNUSUAL = new Set(["transfer-encoding", "expect", "upgrade", "origin", "te", "trailer", "proxy-connection", "http2-settings"]);

/**
 * Reads the head of the request that exporters send: one Content-Length, each header once, nothing that would change how the
 * body is framed or what the answer looks like. Null for everything else, be it wrong or only unusual: Node's own parser
 * judges that. `head` is Latin-1, without the empty line at its end.
 */
export function parseTraceHead(head: string): TraceHead | null {
  const lines = head.split("\r\n", HEADERS_MAX + 2);
  if (lines[0] !== TRACE_REQUEST_LINE || lines.length > HEADERS_MAX + 1) return null;
  const fields = readFields(lines);
  if (fields?.has("host") !== true) return null;
  const bodyBytes = fields.get("content-length") ?? "";
  const encoding = bodyEncodingOf(fields.get("content-type"));
  const contentEncoding = (fields.get("content-encoding") ?? "identity").toLowerCase();
  const isKept = (fields.get("connection") ?? "keep-alive").toLowerCase() === "keep-alive";
  const isReadable = contentEncoding === "identity" || isInflatable(contentEncoding);
  if (encoding === null || !isKept || !isReadable || !LENGTH_PATTERN.test(bodyBytes)) return null;
  return { bodyBytes: Number(bodyBytes), encoding, contentEncoding, authorization: fields.get("authorization") };
}

/** Null where a line is no header, a field stands twice, or one is unusual. */
function readFields(lines: readonly string[]): Map<string, string> | null {
  const fields = new Map<string, string>();
  for (let index = 1; index < lines.length; index++) {
    const match = HEADER_PATTERN.exec(lines[index] ?? "");
    if (match === null) return null;
    const name = (match[1] ?? "").toLowerCase();
    if (UNUSUAL.has(name)) return null;
    if (!FIELDS.has(name)) continue;
    if (fields.has(name)) return null;
    fields.set(name, (match[2] ?? "").trimEnd());
  }
  return fields;
}
