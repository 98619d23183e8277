import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, test } from "vitest";
import { int64AsNumber } from "./any-value.ts";
import { MalformedError, skipField, tagOf, WIRE_TYPE, WireReader } from "./wire-reader.ts";

function reader(...bytes: number[]): WireReader {
  return new WireReader(Uint8Array.from(bytes));
}

const int64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -200n, max: 200n }));

describe("a varint", () => {
  test("of any int64 reads as both of its halves", () => {
    fc.assert(
      fc.property(int64, (value) => {
        const bytes = protobuf.Writer.create().int64(value.toString()).finish();
        const read = new WireReader(bytes);
        const low = read.varintLow(bytes.length, "value");
        expect(BigInt.asIntN(64, (BigInt(read.high) << 32n) | BigInt(low))).toBe(value);
        expect(read.position).toBe(bytes.length);
        expect(int64AsNumber(low, read.high)).toBe(Number(value));
      }),
    );
  });

  test("that is cut off, or has no end within ten bytes, is malformed and says of what", () => {
    expect(() => reader(0x80, 0x80).varintLow(2, "Span.kind")).toThrow(/byte 2: Span\.kind: the number is cut off/);
    expect(() => new WireReader(new Uint8Array(11).fill(0xff)).varintLow(11, "Span.kind")).toThrow(/more than 10 bytes/);
  });

  test("never reads past the end of the message it stands in", () => {
    expect(() => reader(0x80, 0x01).varintLow(1, "x")).toThrow(MalformedError);
  });
});

describe("a length", () => {
  test("that reaches beyond its message is malformed", () => {
    expect(() => reader(0x05, 1, 2).lengthEnd(3, "Span.name")).toThrow(/Span\.name: 5 bytes announced, 2 are there/);
  });

  test("of more than 32 bits is malformed", () => {
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0xff, 0x01).lengthEnd(6, "Span.name")).toThrow(/larger than 32 bits/);
  });

  test("may be written with more bytes than it needs", () => {
    expect(reader(0x81, 0x00, 7).lengthEnd(3, "x")).toBe(3);
  });
});

describe("a tag", () => {
  test.each([
    ["field number 0", [0x02]],
    ["field number 0 in two bytes", [0x82, 0x00]],
    ["a field number of more than 29 bits", [0xfa, 0xff, 0xff, 0xff, 0x1f]],
  ])("with %s is malformed", (_name, bytes) => {
    expect(() => reader(...bytes).tag(bytes.length)).toThrow(MalformedError);
  });
});

describe("an unknown field", () => {
  test("of every wire type is passed over", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array({ maxLength: 300 }), (number, content) => {
        const writer = protobuf.Writer.create();
        writer.uint32(tagOf(20, WIRE_TYPE.varint)).uint64(number.toString());
        writer.uint32(tagOf(21, WIRE_TYPE.fixed64)).fixed64(number.toString());
        writer.uint32(tagOf(22, WIRE_TYPE.length)).bytes(content);
        writer.uint32(tagOf(23, WIRE_TYPE.fixed32)).fixed32(7);
        writer.uint32(tagOf(24, WIRE_TYPE.groupStart)).uint32(tagOf(1, WIRE_TYPE.varint)).uint32(3);
        writer.uint32(tagOf(25, WIRE_TYPE.groupStart)).uint32(tagOf(25, WIRE_TYPE.groupEnd)).uint32(tagOf(24, WIRE_TYPE.groupEnd));
        const bytes = writer.finish();
        const read = new WireReader(bytes);
        while (read.position < bytes.length) read.skip(read.tag(bytes.length), bytes.length);
        expect(read.position).toBe(bytes.length);
      }),
    );
  });

  test.each([
    ["a group without an end", [0x0b, 0x08, 0x01]],
    ["a group that another one ends", [0x0b, 0x14]],
    ["an end without a group", [0x0c]],
    ["wire type 6", [0x0e]],
    ["wire type 7", [0x0f]],
    ["groups nested deeper than anybody needs", Array.from({ length: 70 }, () => 0x0b)],
  ])("is malformed as %s", (_name, bytes) => {
    const read = reader(...bytes);
    expect(() => {
      while (read.position < bytes.length) read.skip(read.tag(bytes.length), bytes.length);
    }).toThrow(MalformedError);
  });
});

test("a known field of another wire type is an error, not an unknown field", () => {
  const read = reader(0x08, 0x01);
  const tag = read.tag(2);
  expect(() => skipField(read, tag, 2, [-1, WIRE_TYPE.length])).toThrow(/field 1 has wire type 0, expected 2/);
});
