import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RECORDED_TRACES, toProtobuf } from "../../test/support/recorded-traces.ts";
import { seededRandom } from "../demo/history-random.ts";
import { corpusRequest } from "../../bench/otlp-corpus.ts";
import { mutate } from "../../test/support/mutate.ts";
import { referenceCodec, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import { type ReferenceRequest, type ReferenceSpan, requests } from "../../test/support/otlp-requests.ts";
import { rewrittenRequest } from "../../test/support/rewritten-request.ts";
import { rowsText } from "../../test/support/rows-text.ts";
import { shapedRequests } from "../../test/support/shaped-requests.ts";
import { BufferPool } from "../buffer-pool.ts";
import type { EnrichContext } from "../core/enrich-context.ts";
import { DEFAULT_PRICE_BOOK } from "../core/price-book.ts";
import { createTraceMemory } from "../core/trace-memory.ts";
import { DEFAULT_SCAN_LIMITS } from "./request-scan.ts";
import { type ScannedBatch, type ScanOptions, scanTraces } from "./scan-traces.ts";
import { MalformedError } from "./wire-reader.ts";

const codec = referenceCodec("ExportTraceServiceRequest");

function context(): EnrichContext {
  return { prices: DEFAULT_PRICE_BOOK, memory: createTraceMemory({ tracesMax: 1_000, spansPerTraceMax: 1_000, ageMsMax: 60_000 }) };
}

/** All that a request's sender, the metrics and the next sink see of a scan, as a text. */
function outcomeOf(scan: () => ScannedBatch, unclaimed: readonly number[]): string {
  try {
    const { batch, counts, rejectedSpans, rejectionReasons, firstRejection } = scan();
    const { genAiSpans, llmCalls, failedCalls, unpricedCalls } = counts;
    return JSON.stringify({
      rows: batch.rows === undefined ? null : rowsText(batch.rows),
      // In no order: they go to a table by their ids.
      held: batch.rows
        ?.flatMap(({ held }) => held)
        .map(({ span, attributesJson }) => [span, Buffer.from(attributesJson).toString()] as const)
        .toSorted(([a], [b]) => (a.spanId < b.spanId ? -1 : 1)),
      spans: batch.spans.map(({ span: { spanId }, enrichment, unclaimed, attributesJson }) => ({
        spanId,
        enrichment,
        unclaimed,
        attributes: Buffer.from(attributesJson).toString(),
      })),
      plain: batch.plain === undefined ? null : Buffer.from(batch.plain).toString("base64"),
      otlp: Buffer.from(batch.otlp).toString("base64"),
      spanCount: batch.spanCount,
      counts: { genAiSpans, llmCalls, failedCalls: Object.fromEntries(failedCalls), unpricedCalls: Object.fromEntries(unpricedCalls) },
      rejections: { rejectedSpans, rejectionReasons: Object.fromEntries(rejectionReasons), firstRejection },
      unclaimed: unclaimed.toSorted((a, b) => a - b),
    });
  } catch (error) {
    if (error instanceof MalformedError) return JSON.stringify(error.message);
    throw error;
  }
}

/** Where outcomes differ it should be seen in what: bytes that say the same in another way differ as well. */
function readable(outcome: string): unknown {
  const { otlp, ...others } = JSON.parse(outcome) as { readonly otlp?: string };
  if (otlp === undefined) return outcome;
  return { ...others, otlp, request: codec.toObject(codec.decode(Buffer.from(otlp, "base64")), { longs: String, bytes: String }) };
}

/** Limits of its own are none that the kernel knows: the request is read the ordinary way. */
const ORDINARY = { limits: { ...DEFAULT_SCAN_LIMITS } };

/** Two gateways that get the same requests, one of which reads every span. They only forward, or they store rows. */
function bothWays(stores = true): { readonly expectSame: (body: Uint8Array) => void; readonly quietTraces: () => number } {
  const pool = new BufferPool(1024 * 1024);
  const [quick, ordinary] = [context(), context()];
  const outcome = (body: Uint8Array, own: EnrichContext, options: Partial<ScanOptions>): string => {
    const unclaimed: number[] = [];
    const onUnclaimedRequest = (index: number): void => void unclaimed.push(index);
    const captureContent = body.length % 2 === 0;
    const scan = (): ScannedBatch =>
      scanTraces(body, { context: { ...own, onUnclaimedRequest }, keepSpans: stores, captureContent, pool, ...options });
    return outcomeOf(scan, unclaimed);
  };
  return {
    expectSame(body) {
      const [actual, expected] = [outcome(body, quick, {}), outcome(body, ordinary, ORDINARY)];
      if (actual !== expected) expect(readable(actual)).toEqual(readable(expected));
    },
    quietTraces: () => quick.memory.quiet?.size ?? 0,
  };
}

/** The same spans of another trace, with other numbers. */
function another(trace: object, round: number): object {
  return JSON.parse(
    JSON.stringify(trace, (name, value: unknown) => {
      if (name === "traceId" && typeof value === "string") return `${round}${value.slice(1)}`;
      const any = typeof value === "object" && value !== null && "value" in value ? (value.value as { intValue?: string }) : undefined;
      const isStatus = typeof value === "object" && value !== null && "key" in value && String(value.key).includes("status");
      if (any?.intValue === undefined || isStatus) return value;
      return { ...(value as object), value: { intValue: String(Number(any.intValue) * round) } };
    }),
  ) as object;
}

interface SaidOfFailure {
  readonly status: ReferenceKeyValue | undefined;
  readonly type: string | undefined;
  readonly message: string | undefined;
  readonly happened: NonNullable<ReferenceSpan["events"]>;
}

/** A call that failed and a span beside it that failed in the same way, in a trace of their own. */
function failedCall({ status, type, message, happened }: SaidOfFailure, serial: number): Uint8Array {
  const text = (key: string, stringValue: string): ReferenceKeyValue => ({ key, value: { stringValue } });
  const span = (id: number, attributes: ReferenceKeyValue[]): ReferenceSpan => ({
    traceId: Buffer.alloc(16, `trace ${serial}`),
    spanId: Buffer.alloc(8, id),
    name: "failed",
    kind: 3,
    startTimeUnixNano: "1764000000000000000",
    endTimeUnixNano: "1764000001000000000",
    attributes: [...attributes, ...(status === undefined ? [] : [status]), ...(type === undefined ? [] : [text("error.type", type)])],
    events: happened,
    status: { code: 2, ...(message === undefined ? {} : { message }) },
  });
  const call = [text("gen_ai.operation.name", "chat"), text("gen_ai.provider.name", "openai"), text("gen_ai.request.model", "gpt-5.2")];
  return encoded({
    resourceSpans: [{ scopeSpans: [{ scope: { name: "app" }, spans: [span(1, call), span(2, [text("app.step", "x")])] }] }],
  });
}

function encoded(request: ReferenceRequest): Uint8Array {
  return codec.encode(codec.fromObject(request)).finish();
}

describe("what is recognised comes out as what is read", () => {
  test.each(RECORDED_TRACES)("of $dialect, $case", ({ trace }) => {
    for (const stores of [false, true]) {
      const { expectSame } = bothWays(stores);
      for (const round of [1, 2, 3, 4]) expectSame(toProtobuf(another(trace, round)));
      // Of traces that are known by now.
      for (const round of [4, 2]) expectSame(toProtobuf(another(trace, round)));
    }
  });

  test("of all recorded traces in one gateway, several in one request", () => {
    const { expectSame, quietTraces } = bothWays();
    for (const round of [1, 2, 3, 4]) {
      const bodies = RECORDED_TRACES.map(({ trace }) => toProtobuf(another(trace, round)));
      for (let index = 0; index < bodies.length; index += 7) expectSame(Buffer.concat(bodies.slice(index, index + 7)));
    }
    expect(quietTraces()).toBeGreaterThan(40);
  });

  test.each([false, true])("of an application's requests, with content: %s", (content) => {
    const { expectSame, quietTraces } = bothWays();
    for (let seed = 1; seed <= 12; seed++) expectSame(corpusRequest({ spans: 60, content, seed }).body);
    expect(quietTraces()).toBeGreaterThan(100);
  });

  test("of requests of thousands of spans, whose rows are more than there is room for at a time", () => {
    const { expectSame } = bothWays();
    for (const seed of [1, 2, 3]) expectSame(corpusRequest({ spans: 4_300, content: false, seed }).body);
  });

  test("of calls and requests that failed, whatever they say of it and wherever", () => {
    const { expectSame, quietTraces } = bothWays();
    const own = [undefined, { key: "http.response.status_code", value: { intValue: 503 } }];
    const types = ["429", "timeout", undefined];
    const messages = ["429 Too Many Requests", "", undefined, "überlastet", "a\0b", "x".repeat(4_000), "x".repeat(4_001), '"\\\n'];
    const events = [
      [],
      [
        {
          timeUnixNano: "1764000000500000000",
          name: "exception",
          attributes: [{ key: "exception.message", value: { stringValue: "connection reset" } }],
        },
      ],
    ];
    let serial = 0;
    // Twice to be learned, once to be recognised.
    for (let round = 0; round < 3; round++) {
      for (const status of own) {
        for (const type of types) {
          for (const message of messages)
            for (const happened of events) expectSame(failedCall({ status, type, message, happened }, ++serial));
        }
      }
    }
    expect(quietTraces()).toBeGreaterThan(100);
  });

  test("of spans of few shapes, with attributes of every kind", () => {
    const { expectSame } = bothWays();
    fc.assert(
      fc.property(shapedRequests, (request) => {
        const body = encoded(request);
        for (let time = 0; time < 3; time++) expectSame(body);
      }),
      { numRuns: 200 },
    );
  });

  test("of any requests, beside an application's", () => {
    const { expectSame } = bothWays();
    let seed = 100;
    fc.assert(
      fc.property(requests, (request) => {
        expectSame(Buffer.concat([corpusRequest({ spans: 5, content: false, seed: seed++ }).body, encoded(request)]));
      }),
      { numRuns: 200 },
    );
  });

  test("of bodies that were damaged on the way", () => {
    const { expectSame } = bothWays();
    const { body } = corpusRequest({ spans: 12, content: false, seed: 5 });
    for (let time = 0; time < 3; time++) expectSame(body);
    for (let seed = 0; seed < 1_500; seed++) {
      // Where a length changes most are malformed as a whole; where one byte is another, one span or none is.
      const overwritten = Buffer.from(body);
      overwritten[(seed * 7_919) % body.length] = (seed * 31) % 256;
      expectSame(seed % 3 === 0 ? mutate(body, seed) : overwritten);
    }
  });

  test("of bodies that another encoder might have written, or a wrong one", () => {
    const { expectSame, quietTraces } = bothWays();
    const random = seededRandom(1).next;
    const sources = [
      corpusRequest({ spans: 12, content: false, seed: 6 }).body,
      ...RECORDED_TRACES.slice(0, 40).map(({ trace }) => toProtobuf(trace)),
    ];
    for (let round = 0; round < 600; round++) {
      const body = sources[Math.floor(random() ** 2 * sources.length)] ?? new Uint8Array();
      // Every span is sent as it is now and then, so that most of each request is recognised.
      expectSame(round % 5 === 0 ? body : rewrittenRequest(body, random));
      if (round % 10 === 0) expectSame(corpusRequest({ spans: 12, content: false, seed: 1_000 + round }).body);
    }
    expect(quietTraces()).toBeGreaterThan(100);
  });

  test("where spans are refused among them", () => {
    const { expectSame } = bothWays();
    for (let seed = 1; seed <= 30; seed++) {
      const request = codec.decode(corpusRequest({ spans: 20, content: false, seed }).body) as unknown as ReferenceRequest;
      const spans = request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      for (const [index, span] of spans.entries()) {
        if ((index * 7 + seed) % 5 === 0) span.startTimeUnixNano = "0";
        if ((index * 3 + seed) % 11 === 0) span.links = [{ traceId: Uint8Array.of(1), spanId: Uint8Array.of(1) }];
      }
      expectSame(codec.encode(request).finish());
    }
  });
});

test("what was enriched comes out the same, byte for byte, when it goes through once more", () => {
  const [own, next] = [context(), context()];
  for (const round of [1, 2, 3]) {
    for (const { trace } of RECORDED_TRACES) {
      const once = scanTraces(toProtobuf(another(trace, round)), { context: own, keepSpans: false }).batch.otlp;
      const again = scanTraces(once, { context: next, keepSpans: false }).batch.otlp;
      expect(Buffer.from(again).equals(once)).toBe(true);
    }
  }
});
