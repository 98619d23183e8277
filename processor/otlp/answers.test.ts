import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceCodec } from "../../test/support/otlp-reference-codec.ts";
import { exportResponse, readPartialSuccess, type Rejections } from "./partial-success.ts";
import { retryInfoMs } from "./retry-info.ts";
import { rpcStatus } from "./rpc-status.ts";
import { wrongSignalOf } from "./wrong-signal.ts";

const RESPONSE = referenceCodec("ExportTraceServiceResponse");
const STATUS = referenceCodec("RpcStatus");

function decoded(type: typeof RESPONSE, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), { longs: String });
}

const REJECTIONS: Rejections = {
  rejectedSpans: 3,
  rejectionReasons: new Map([
    ["invalid_trace_id", 2],
    ["absurd_time", 1],
  ]),
  firstRejection: "resourceSpans[0].scopeSpans[0].spans[7]: invalid_trace_id",
};
const NONE: Rejections = { rejectedSpans: 0, rejectionReasons: new Map(), firstRejection: "" };

describe("the answer to a request", () => {
  test("of which spans were refused says how many, why, and which was the first", () => {
    const errorMessage =
      "3 spans refused: 2 x trace_id is not 16 bytes, or all zero; 1 x start or end outside of what can be a span's time. First: resourceSpans[0].scopeSpans[0].spans[7]: invalid_trace_id";
    expect(decoded(RESPONSE, exportResponse(REJECTIONS, "protobuf"))).toEqual({ partialSuccess: { rejectedSpans: "3", errorMessage } });
    expect(JSON.parse(exportResponse(REJECTIONS, "json").toString())).toEqual({ partialSuccess: { rejectedSpans: "3", errorMessage } });
  });

  test("of which all was taken is empty", () => {
    expect(exportResponse(NONE, "protobuf")).toHaveLength(0);
    expect(exportResponse(NONE, "json").toString()).toBe("{}");
  });

  test("of a backend is read as the reference codec wrote it", () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: "grapheme", maxLength: 100 }), (rejectedSpans, errorMessage) => {
        const bytes = RESPONSE.encode(RESPONSE.fromObject({ partialSuccess: { rejectedSpans, errorMessage } })).finish();
        expect(readPartialSuccess(bytes)).toEqual({ rejectedSpans, message: errorMessage.replaceAll("\0", "") });
      }),
    );
    expect(readPartialSuccess(new Uint8Array(0))).toEqual({ rejectedSpans: 0, message: "" });
  });
});

describe("an error", () => {
  test("carries its wait as a RetryInfo, in both encodings", () => {
    const status = { code: 14, message: "come again, später", retryAfterMs: 1_500 };
    const bytes = rpcStatus(status, "protobuf");
    const { code, message, details } = STATUS.decode(bytes) as unknown as {
      code: number;
      message: string;
      details: { typeUrl: string; value: Uint8Array }[];
    };
    expect([code, message, details[0]?.typeUrl]).toEqual([14, "come again, später", "type.googleapis.com/google.rpc.RetryInfo"]);
    expect(decoded(referenceCodec("RetryInfo"), details[0]!.value)).toEqual({ retryDelay: { seconds: "1", nanos: 500_000_000 } });
    expect(retryInfoMs(bytes)).toBe(1_500);
    expect(JSON.parse(rpcStatus(status, "json").toString())).toEqual({
      code: 14,
      message: "come again, später",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }],
    });
  });

  test("without a wait has no details", () => {
    const status = { code: 3, message: "no", retryAfterMs: null };
    expect(decoded(STATUS, rpcStatus(status, "protobuf"))).toEqual({ code: 3, message: "no" });
    expect(JSON.parse(rpcStatus(status, "json").toString())).toEqual({ code: 3, message: "no" });
    expect(retryInfoMs(rpcStatus(status, "protobuf"))).toBeNull();
  });

  test("that is no Status says no wait", () => {
    expect(retryInfoMs(Buffer.from("not protobuf"))).toBeNull();
  });
});

test.each([
  ["/v1/metrics", "metrics"],
  ["/v1/logs", "logs"],
  ["/v1development/profiles", "profiles"],
  ["/v1/traces", null],
  ["/constructor", null],
])("%s is the door of %s", (path, signal) => {
  expect(wrongSignalOf(path)).toBe(signal);
});
