import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTraceHead } from "./trace-head.ts";
import { TraceHeadReader } from "./trace-head-reader.ts";

const head = (length: string, rest = ""): string =>
  `POST /v1/traces HTTP/1.1\r\nHost: gateway:4318\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${length}${rest}`;

test("a head that is the one before but for its length is the same with that length", () => {
  const reader = new TraceHeadReader();
  for (const length of ["3", "59123", "0", "007"]) expect(reader.read(head(length))).toEqual(parseTraceHead(head(length)));
  expect(reader.read(head("12", "\r\nAuthorization: Bearer a"))?.authorization).toBe("Bearer a");
  expect(reader.read(head("13"))).toEqual(parseTraceHead(head("13")));
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
      for (const one of texts) expect(reader.read(one)).toEqual(parseTraceHead(one));
    }),
    { numRuns: 1000 },
  );
});
