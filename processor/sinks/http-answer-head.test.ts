import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerHeadReader, parseAnswerHead } from "./http-answer-head.ts";
import { SinkAwayError } from "./sink-error.ts";

const line = fc.constantFrom(
  "Content-Length: 0",
  "Content-Length: 5",
  "Transfer-Encoding: chunked",
  "Connection: close",
  "Retry-After: 7",
  "no header",
);
const status = fc.constantFrom(
  "HTTP/1.1 200 OK",
  "HTTP/1.1 100 Continue",
  "HTTP/1.0 503 Busy",
  "HTTP/1.1 204",
  "HTTP/1.1 101 x",
  "SSH-2.0",
);
const head = fc.tuple(status, fc.uniqueArray(line, { maxLength: 3 })).map(([first, lines]) => [first, ...lines].join("\r\n"));

/** What is read, or why not. */
function outcome(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(SinkAwayError);
    return String(error);
  }
}

test("whatever heads come one after another, it answers what parsing each one answers", () => {
  fc.assert(
    fc.property(fc.uniqueArray(head, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(2), { maxLength: 8 }), (heads, order) => {
      const reader = new AnswerHeadReader();
      for (const index of order) {
        const text = heads[index % heads.length] ?? "";
        expect(outcome(() => reader.read(text))).toEqual(outcome(() => parseAnswerHead(text)));
      }
    }),
    { numRuns: 500 },
  );
});

test("one that is as the one before is not parsed again", () => {
  const reader = new AnswerHeadReader();
  const [first, second] = ["Date: a", "Date: b"].map((date) => `HTTP/1.1 200 OK\r\n${date}\r\nContent-Length: 0`);
  const known = reader.read(first ?? "");
  expect(reader.read(first ?? "")).toBe(known);
  expect(reader.read(second ?? "")).not.toBe(known);
});
