import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { referenceCodec } from "../../test/support/otlp-reference-codec.ts";
import type { ReferenceSpan } from "../../test/support/otlp-requests.ts";
import { type ColumnShape, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import { KERNEL_MODULES, renderKernelModule } from "../../scripts/kernel-module.ts";
import { type KernelExports, openKernel } from "./kernel-exports.ts";
import { openRowModule } from "./row-exports.ts";
import { createSpanRecogniser, type SpanRecogniser } from "./span-recogniser.ts";

const codec = referenceCodec("ExportTraceServiceRequest");
const START_NANOS = 1_764_000_000_000_000_000n;
/** What hashes of ids are multiplied by (assembly/trace-table.ts), and its inverse modulo 2^64. */
const MULTIPLIER = 0x9e3779b97f4a7c15n;
const INVERSE = inverseOf(MULTIPLIER);
const WORD = 1n << 64n;

/** Newton's: each round doubles the bits that are right. */
function inverseOf(odd: bigint): bigint {
  let inverse = 1n;
  for (let round = 0; round < 7; round++) inverse = (inverse * (2n - odd * inverse)) & ((1n << 64n) - 1n);
  return inverse;
}

function kernel(): KernelExports {
  const opened = openKernel();
  if (opened === null) throw new Error("this machine has no WebAssembly with SIMD");
  return opened;
}

function recogniser(exports: KernelExports = kernel()): SpanRecogniser {
  const created = createSpanRecogniser(exports);
  if (created === null) throw new Error("a kernel makes a recogniser");
  return created;
}

function idOf(...words: readonly bigint[]): Uint8Array {
  const bytes = Buffer.alloc(words.length * 8);
  for (const [index, word] of words.entries()) bytes.writeBigUInt64LE(((word % WORD) + WORD) % WORD, index * 8);
  return bytes;
}

function spanOf(index: number, changes: Partial<ReferenceSpan> = {}): ReferenceSpan {
  const times = { startTimeUnixNano: `${START_NANOS}`, endTimeUnixNano: `${START_NANOS + 1_000n}` };
  return { traceId: idOf(7n, 7n), spanId: idOf(BigInt(index) + 1n), kind: 1, ...times, ...changes };
}

function bodyOf(spans: readonly ReferenceSpan[]): Uint8Array {
  return codec.encode(codec.fromObject({ resourceSpans: [{ scopeSpans: [{ scope: { name: "s" }, spans }] }] })).finish();
}

/** A shape without numbers; which it is does not matter here. */
function shapeOf(name: string): ColumnShape {
  return { shape: { numberKeys: [], reading: null }, name, kind: 1, statusCode: 0, scopeName: "s", scopeVersion: "", attributes: {} };
}

function recognisedOf(columns: SpanColumns | null): number {
  let recognised = 0;
  for (let span = 0; span < (columns?.spanCount ?? 0); span++)
    if ((columns?.spans[span * SPAN_STRIDE + SPAN_COLUMN.shape] ?? -1) >= 0) recognised++;
  return recognised;
}

function teachAll(taught: SpanRecogniser, body: Uint8Array): void {
  const columns = taught.recognise(body);
  for (let span = 0; span < (columns?.spanCount ?? 0); span++) taught.teach(span, shapeOf(`${span}`));
}

test.each(KERNEL_MODULES)(
  "$file is what its source compiles to",
  async (module) => {
    const text = readFileSync(new URL(`../../${module.file}`, import.meta.url), "utf8");
    // Not toBe: of fifty thousand characters nobody wants to see the difference.
    expect((await renderKernelModule(module)) === text, "run npm run kernel").toBe(true);
  },
  120_000,
);

test("the tables end within the memory", () => {
  const opened = kernel();
  const { ROW_MEMORY_END, KEY_JSON } = openRowModule(opened);
  const { memory, MEMORY_END } = opened;
  expect(MEMORY_END.value).toBeLessThan(KEY_JSON.value);
  expect(ROW_MEMORY_END.value).toBeLessThanOrEqual(memory.buffer.byteLength);
});

describe("a request is declined", () => {
  test("without a kernel", () => {
    expect(createSpanRecogniser(null)).toBeNull();
  });

  test("that is larger than the kernel's memory of it", () => {
    const taught = recogniser();
    const limit = kernel().BODY_BYTES_MAX.value;
    const fat = (bytes: number): Uint8Array =>
      bodyOf([spanOf(1, { attributes: [{ key: "k", value: { stringValue: "x".repeat(bytes) } }] })]);
    const overhead = fat(limit - 1_000).length - (limit - 1_000);
    expect(taught.recognise(fat(limit - overhead))?.spanCount).toBe(1);
    expect(taught.recognise(fat(limit - overhead + 1))).toBeNull();
    // There is nothing to teach of it.
    taught.teach(0, shapeOf("none"));
    expect(recognisedOf(taught.recognise(fat(10)))).toBe(0);
  });

  test("that has more spans than its tables", () => {
    const taught = recogniser();
    const limit = kernel().SPANS_MAX.value;
    const spans = Array.from({ length: limit + 1 }, (_, index) => spanOf(index));
    expect(taught.recognise(bodyOf(spans))).toBeNull();
    expect(taught.recognise(bodyOf(spans.slice(1)))?.spanCount).toBe(limit);
  });

  test("that has more messages than its tables", () => {
    const empty = { scopeSpans: Array.from({ length: 40_000 }, () => ({ scope: {} })) };
    expect(recogniser().recognise(codec.encode(codec.fromObject({ resourceSpans: [empty] })).finish())).toBeNull();
  });

  test("that has more numbers than its tables, and the next one is not", () => {
    const taught = recogniser();
    const number = { key: "speed", value: { intValue: "5" } };
    const body = (spans: number): Uint8Array =>
      bodyOf(Array.from({ length: spans }, (_, index) => spanOf(index, { attributes: Array.from({ length: 60 }, () => number) })));
    const columns = taught.recognise(body(1));
    const shape = { ...shapeOf("n"), shape: { numberKeys: Array.from({ length: 60 }, () => number.key), reading: null } };
    expect(columns?.spanCount).toBe(1);
    taught.teach(0, shape);
    expect(taught.recognise(body(3_300))).toBeNull();
    expect(recognisedOf(taught.recognise(body(1_000)))).toBe(1_000);
  });

  test("whose trace ids were chosen to collide, soon", () => {
    const taught = recogniser();
    const collide = (index: number): Uint8Array => idOf(BigInt(index + 1), 5n - BigInt(index + 1) * MULTIPLIER);
    const spans = Array.from({ length: 10_000 }, (_, index) => spanOf(index, { traceId: collide(index) }));
    expect(taught.recognise(bodyOf(spans.slice(0, 200)))?.traceCount).toBe(200);
    expect(taught.recognise(bodyOf(spans))).toBeNull();
  });

  test("whose span ids were chosen to collide, soon; nor may parents that are not there", () => {
    const taught = recogniser();
    const collide = (index: number): Uint8Array => idOf(BigInt(index + 1) * INVERSE);
    const spans = Array.from({ length: 10_000 }, (_, index) => spanOf(index, { spanId: collide(index) }));
    expect(taught.recognise(bodyOf(spans.slice(0, 200)))?.spanCount).toBe(200);
    expect(taught.recognise(bodyOf(spans))).toBeNull();
    const orphans = spans.slice(0, 250).map((span, index) => ({ ...span, parentSpanId: collide(100_000 + index) }));
    expect(taught.recognise(bodyOf(orphans))?.spanCount).toBe(250);
  });

  test("in which a span comes twice", () => {
    expect(recogniser().recognise(bodyOf([spanOf(1), spanOf(2), spanOf(1)]))).toBeNull();
    expect(recogniser().recognise(bodyOf([spanOf(1), spanOf(2), spanOf(1, { traceId: idOf(1n, 2n) })]))?.spanCount).toBe(3);
  });

  test("in which the kernel fails, and the next one is not", () => {
    const sound = kernel();
    let fails = false;
    const taught = recogniser({
      ...sound,
      recognise(length) {
        if (fails) throw new WebAssemblyRuntimeError();
        return sound.recognise(length);
      },
    });
    const body = bodyOf([spanOf(1), spanOf(2)]);
    teachAll(taught, body);
    expect(recognisedOf(taught.recognise(body))).toBe(2);
    fails = true;
    expect(taught.recognise(body)).toBeNull();
    fails = false;
    teachAll(taught, body);
    expect(recognisedOf(taught.recognise(body))).toBe(2);
  });
});

/** As V8 throws for a trap. */
class WebAssemblyRuntimeError extends Error {}

describe("a client that invents shapes", () => {
  /** Each with a name of its own. */
  const strange = (from: number, count: number): Uint8Array =>
    bodyOf(Array.from({ length: count }, (_, index) => spanOf(index, { name: `strange ${from + index}` })));
  const usual = bodyOf([spanOf(1, { name: "usual" })]);
  const unusual = bodyOf([spanOf(1, { name: "unusual" })]);

  test("fills what is kept of them, harms nobody who was known, and is forgotten after a while", () => {
    const taught = recogniser();
    teachAll(taught, usual);
    let known = 0;
    for (let from = 0; from < 60_000; from += 10_000) {
      teachAll(taught, strange(from, 10_000));
      known += recognisedOf(taught.recognise(strange(from, 10_000)));
    }
    expect(known).toBeGreaterThan(2_000);
    expect(known).toBeLessThan(60_000);
    expect(recognisedOf(taught.recognise(usual))).toBe(1);
    teachAll(taught, unusual);
    expect(recognisedOf(taught.recognise(unusual))).toBe(0);
    for (let request = 0; request < 5_000; request++) taught.recognise(usual);
    expect(recognisedOf(taught.recognise(usual))).toBe(0);
    teachAll(taught, usual);
    teachAll(taught, unusual);
    expect(recognisedOf(taught.recognise(usual))).toBe(1);
    expect(recognisedOf(taught.recognise(unusual))).toBe(1);
  });

  test("that invents keys which nobody reads is recognised all the same", () => {
    const taught = recogniser();
    teachAll(taught, usual);
    const keyed = (from: number): Uint8Array =>
      bodyOf(
        Array.from({ length: 5_000 }, (_, index) =>
          spanOf(index, { name: "usual", attributes: [{ key: `k${from + index}`, value: { stringValue: "v" } }] }),
        ),
      );
    for (let from = 0; from < 60_000; from += 5_000) expect(recognisedOf(taught.recognise(keyed(from)))).toBe(5_000);
    expect(recognisedOf(taught.recognise(usual))).toBe(1);
  });
});
