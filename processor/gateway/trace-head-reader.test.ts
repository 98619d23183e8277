import fc from "fast-check";
import { expect, test } from "vitest";
import { HEAD_BYTES_MAX, parseTraceHead, type TraceHead } from "./trace-head.ts";
import { TraceHeadReader } from "./trace-head-reader.ts";

const head = (length: string, rest = ""): string =>
  `POST /v1/traces HTTP/1.1\r\nHost: gateway:4318\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${length}${rest}`;

/** What a reader answers for a head that stands between other bytes, and where its body begins. */
function readAmong(reader: TraceHeadReader, text: string): TraceHead | null {
  const [before, after] = ["GET / HTTP", "\r\n\r\nbody\r\n\r\n"];
  const answer = reader.read(Buffer.from(before + text + after, "latin1"), before.length);
  if (answer !== null) expect(reader.bodyStart).toBe(before.length + text.length + 4);
  return answer;
}

test("a head that is the one before but for its length is the same with that length", () => {
  const reader = new TraceHeadReader();
  for (const length of ["3", "59123", "0", "007"]) expect(readAmong(reader, head(length))).toEqual(parseTraceHead(head(length)));
  expect(readAmong(reader, head("12", "\r\nAuthorization: Bearer a"))?.authorization).toBe("Bearer a");
  expect(readAmong(reader, head("13"))).toEqual(parseTraceHead(head("13")));
});

test("whatever heads come one after another, it answers what parsing each one answers", () => {
  const length = fc.oneof(
    fc.nat().map(String),
    fc.constantFrom("", "-1", "+1", "1e3", "1 2", "1, 1", " 1", "1 ", "0x1", "9999999999999", "999999999999", "1\r\nContent-Length: 1"),
  );
  const rest = fc.constantFrom(
    "",
    "\r\nAuthorization: Bearer a",
    "\r\nX-A: 1\r\nX-B: 2",
    "\r\nX-Content-Length: 5",
    "\r\nExpect: 100-continue",
  );
  const line = fc.constantFrom("Content-Length: ", "content-length:", "CONTENT-LENGTH:\t");
  const text = fc.tuple(length, rest, line).map(([digits, more, name]) => head(digits, more).replace("Content-Length: ", name));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (texts) => {
      const reader = new TraceHeadReader();
      for (const one of texts) expect(readAmong(reader, one)).toEqual(parseTraceHead(one));
    }),
    { numRuns: 1000 },
  );
});

test("a head that is not whole, or longer than it may be, is none, be it known or not", () => {
  const reader = new TraceHeadReader();
  const long = head("1", `\r\nX-A: ${"a".repeat(HEAD_BYTES_MAX - head("1").length - "\r\nX-A: ".length)}`);
  for (const [text, longer] of [
    [head("5"), null],
    [long, long.replace("Content-Length: 1", "Content-Length: 12")],
  ] as const) {
    expect(long.length).toBe(HEAD_BYTES_MAX);
    for (let round = 0; round < 2; round++) {
      expect(readAmong(reader, text)).toEqual(parseTraceHead(text));
      const whole = Buffer.from(`${text}\r\n\r\n`, "latin1");
      for (let cut = Math.max(0, whole.length - 200); cut < whole.length; cut++) expect(reader.read(whole.subarray(0, cut), 0)).toBeNull();
      if (longer !== null) expect(readAmong(reader, longer)).toBeNull();
    }
  }
});
