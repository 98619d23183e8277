import { ByteWriter } from "./byte-writer.ts";
import { decodeText } from "./text-cache.ts";
import type { RejectionReason } from "./request-scan.ts";
import { tagOf, WIRE_TYPE, WireReader, WORD } from "./wire-reader.ts";

export type BodyEncoding = "protobuf" | "json";

/** What a request's sender is told of spans that were refused. */
export interface Rejections {
  readonly rejectedSpans: number;
  readonly rejectionReasons: ReadonlyMap<RejectionReason, number>;
  /** Which was the first one, and what was wrong with it. */
  readonly firstRejection: string;
}

/** What each reason means, as the sender reads it. */
export const REJECTION_TEXTS: Readonly<Record<RejectionReason, string>> = {
  malformed: "malformed",
  invalid_trace_id: "trace_id is not 16 bytes, or all zero",
  invalid_span_id: "span_id is not 8 bytes, or all zero",
  invalid_parent_span_id: "parent_span_id is neither empty nor 8 bytes",
  invalid_link: "a link with ids of the wrong length",
  missing_start_time: "no start_time_unix_nano",
  absurd_time: "start or end outside of what can be a span's time",
  too_many_attributes: "more attributes than a span may have",
};

/** collector/trace/v1/trace_service.proto */
const PARTIAL_SUCCESS = tagOf(1, WIRE_TYPE.length);
const REJECTED_SPANS = tagOf(1, WIRE_TYPE.varint);
const ERROR_MESSAGE = tagOf(2, WIRE_TYPE.length);
const MESSAGE_BYTES_MAX = 4_096;
const NOTHING = Buffer.alloc(0);

/** An ExportTraceServiceResponse. Where nothing was refused it is empty, as the specification wants it. */
export function exportResponse(rejections: Rejections, encoding: BodyEncoding): Buffer {
  const { rejectedSpans } = rejections;
  const errorMessage = rejectedSpans === 0 ? "" : describe(rejections);
  if (encoding === "json") {
    // int64 is a string in protobuf's JSON mapping.
    const partialSuccess = { rejectedSpans: String(rejectedSpans), errorMessage };
    return Buffer.from(JSON.stringify(rejectedSpans === 0 ? {} : { partialSuccess }));
  }
  if (rejectedSpans === 0) return NOTHING;
  const content = new ByteWriter(256);
  content.byte(REJECTED_SPANS);
  content.varint(rejectedSpans);
  content.byte(ERROR_MESSAGE);
  content.varint(Buffer.byteLength(errorMessage));
  content.text(errorMessage);
  const response = new ByteWriter(content.length + 8);
  response.byte(PARTIAL_SUCCESS);
  response.varint(content.length);
  response.bytes(content.written());
  return response.written();
}

function describe({ rejectedSpans, rejectionReasons, firstRejection }: Rejections): string {
  const reasons = Array.from(rejectionReasons, ([reason, count]) => `${count} x ${REJECTION_TEXTS[reason]}`);
  return `${rejectedSpans} span${rejectedSpans === 1 ? "" : "s"} refused: ${reasons.join("; ")}. First: ${firstRejection}`;
}

/** What a backend answered to a request of ours. Throws MalformedError. */
export function readPartialSuccess(response: Uint8Array): { rejectedSpans: number; message: string } {
  const reader = new WireReader(response);
  const answer = { rejectedSpans: 0, message: "" };
  while (reader.position < response.length) {
    const tag = reader.tag(response.length);
    if (tag !== PARTIAL_SUCCESS) reader.skip(tag, response.length);
    else readPartial(reader, reader.lengthEnd(response.length, "partial_success"), answer);
  }
  return answer;
}

function readPartial(reader: WireReader, end: number, answer: { rejectedSpans: number; message: string }): void {
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === REJECTED_SPANS) answer.rejectedSpans = reader.varintLow(end, "rejected_spans") + (reader.high | 0) * WORD;
    else if (tag === ERROR_MESSAGE) {
      const textEnd = reader.lengthEnd(end, "error_message");
      answer.message = decodeText(reader, reader.position, textEnd, MESSAGE_BYTES_MAX);
      reader.position = textEnd;
    } else reader.skip(tag, end);
  }
}
