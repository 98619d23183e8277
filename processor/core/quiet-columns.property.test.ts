import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { enrichByColumns, enrichBySpans, memoryOf } from "../../test/support/both-ways.ts";
import { referenceCodec, type ReferenceKeyValue } from "../../test/support/otlp-reference-codec.ts";
import type { ReferenceRequest, ReferenceSpan } from "../../test/support/otlp-requests.ts";
import { createReferenceColumns } from "../../test/support/reference-columns.ts";
import { int, text } from "../../test/support/trace-requests.ts";
import type { RequestScan } from "../otlp/request-scan.ts";
import type { ScannedSpan } from "../otlp/scanned-span.ts";
import { SpanShapes } from "../otlp/span-shapes.ts";
import type { EnrichContext } from "./enrich-context.ts";
import { DEFAULT_PRICE_BOOK } from "./price-book.ts";
import { createTraceMemory } from "./trace-memory.ts";

const codec = referenceCodec("ExportTraceServiceRequest");
const reader = createReferenceColumns(new SpanShapes());
const START_MS = Date.UTC(2026, 10, 24, 8);
const AGE_MS_MAX = 60_000;

/** What a span may be, with what tells it; `number` is drawn for each span. */
interface Kind {
  readonly scope: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: (number: number) => ReferenceKeyValue[];
  readonly status?: number;
  /** What it says in words when it fails. */
  readonly message?: string;
  readonly exception?: string;
}

interface ChatOptions {
  readonly model?: string;
  readonly provider?: string;
  /** Times the drawn number. */
  readonly input?: number;
}

function chat(
  scope: string,
  more: (number: number) => ReferenceKeyValue[] = () => [],
  { model = "gpt-5.2", provider = "openai", input = 7 }: ChatOptions = {},
): Kind {
  const attributes = (number: number): ReferenceKeyValue[] => [
    text("gen_ai.operation.name", "chat"),
    text("gen_ai.provider.name", provider),
    text("gen_ai.request.model", model),
    text("gen_ai.response.model", model),
    int("gen_ai.usage.input_tokens", number * input),
    int("gen_ai.usage.output_tokens", number),
    ...more(number),
  ];
  return { scope, name: `chat ${model}`, kind: 3, attributes };
}

const addressed = (url: string, status = 200): ReferenceKeyValue[] => [
  text("http.request.method", "POST"),
  text("url.full", url),
  int("http.response.status_code", status),
];

const requestWith = (status: number, more: ReferenceKeyValue[] = []): Kind => ({
  scope: "@opentelemetry/instrumentation-undici",
  name: "POST",
  kind: 3,
  attributes: () => [...addressed("https://api.openai.com/v1/chat/completions", status), ...more],
  ...(status >= 400 ? { status: 2 } : {}),
});

const frame = (operation: string, more: ReferenceKeyValue[] = []): Kind => ({
  scope: "pydantic-ai",
  name: operation,
  kind: 1,
  attributes: (number) => [text("gen_ai.operation.name", operation), int("gen_ai.usage.input_tokens", number), ...more],
});

const plain = (status = 0): Kind => ({ scope: "shop", name: "work", kind: 1, attributes: () => [], status });

const CALLS: readonly Kind[] = [
  chat("pydantic-ai"),
  chat("pydantic-ai", (number) => [{ key: "gen_ai.response.time_to_first_chunk", value: { doubleValue: number / 300 } }]),
  chat("pydantic-ai", (number) => [int("gen_ai.usage.cache_read.input_tokens", number * (number % 9))]),
  chat("pydantic-ai", () => [], { model: "nobody-sells-this" }),
  // Tokens beyond which all cost more, prices by the hour, and a tier of its own.
  chat("pydantic-ai", () => [], { model: "gemini-2.5-pro", provider: "gcp.gemini", input: 200 }),
  chat("pydantic-ai", () => [], { model: "deepseek-chat", provider: "deepseek" }),
  chat("pydantic-ai", () => [text("openai.response.service_tier", "flex")]),
  chat("pydantic-ai", (number) => [int("gen_ai.usage.reasoning.output_tokens", number), int("gen_ai.usage.total_tokens", number * 8)]),
];
/** What a call may say when it fails: in one way, in two that differ, or not at all. */
const WORDS: readonly Pick<Kind, "message" | "exception">[] = [
  {},
  { message: "429 Rate limit reached, please try again in 20s." },
  { message: "Connection error.", exception: "The operation was aborted due to timeout" },
  { exception: "Your credit balance is too low" },
  { message: "Overloaded" },
  { message: "Error reading from the stream" },
];

function failing(of: Kind): Kind[] {
  return WORDS.map((words) => ({
    ...of,
    ...words,
    status: 2,
    attributes: (number) => [...of.attributes(number), text("error.type", "Error")],
  }));
}

const DEEPSEEK = chat("pydantic-ai", () => [], { model: "deepseek-chat", provider: "deepseek" });
const CLAUDE = chat("opentelemetry.instrumentation.anthropic", () => [], { model: "claude-sonnet-4-5", provider: "anthropic" });

const DOWN: readonly Kind[] = [
  ...failing(chat("pydantic-ai")),
  ...failing(chat("pydantic-ai", () => [], { model: "gemini-2.5-pro", provider: "gcp.gemini" })),
  ...failing(DEEPSEEK),
  ...failing(CLAUDE),
  ...failing(chat("com.anthropic.sdk.x", () => [], { model: "claude-sonnet-4-5", provider: "anthropic" })).slice(0, 2),
  // Its emitter counts attempts: 1 says that there were none before.
  ...failing(
    chat("agento11y", (number) => [int("agento11y.framework.retry_attempt", 1 + (number % 2))], {
      model: "deepseek-chat",
      provider: "deepseek",
    }),
  ).slice(0, 2),
];

const ELSEWHERE = [
  chat("opentelemetry.instrumentation.openai_v2"),
  chat("opentelemetry.instrumentation.anthropic", () => [], { model: "claude-sonnet-4-5", provider: "anthropic" }),
];
const ODD: readonly Kind[] = [
  ...ELSEWHERE,
  { ...chat("pydantic-ai"), status: 2 },
  ...DOWN,
  { ...frame("invoke_agent"), status: 2, message: "429 Rate limit reached" },
  // Their events may say when they ended, or that they failed.
  ...failing(chat("opentelemetry.instrumentation.openai")).slice(2, 4),
  ...failing(
    chat("ai", () => [text("ai.operationId", "ai.generateText.doGenerate"), text("gen_ai.response.finish_reasons", "stop")]),
  ).slice(0, 4),
  { ...plain(2), message: "Internal Server Error", exception: "of the application" },
  { ...requestWith(500), message: "of its own" },
  requestWith(500),
  { ...chat("someone.new"), name: "work", kind: 1 },
  { ...chat("com.anthropic.sdk.x"), name: "native" },
  chat("com.anthropic.sdk.x", (number) => [int("http.request.resend_count", number % 2)]),
  chat("litellm"),
  chat("agento11y", (number) => [int("agento11y.framework.retry_attempt", number % 3)]),
  // Without an operation that anybody knows, tokens make a call of it.
  {
    ...chat("someone.new"),
    kind: 1,
    attributes: (number) => [text("gen_ai.request.model", "gpt-5.2"), int("gen_ai.usage.output_tokens", number % 2)],
  },
  // Its model is only in its request's address.
  { scope: "pydantic-ai", name: "call", kind: 3, attributes: () => [text("gen_ai.operation.name", "chat")] },
  {
    ...requestWith(200),
    attributes: () => addressed("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"),
  },
  // A stream's two spans.
  { ...chat("logfire.openai"), attributes: () => [text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "gpt-5.2")] },
  chat("logfire.openai", (number) => [{ key: "duration", value: { doubleValue: number / 1_000 } }]),
  requestWith(429),
  requestWith(200, [int("http.request.resend_count", 1)]),
  requestWith(200, [int("http.request.resend_count", 0)]),
  plain(2),
];

const kind: fc.Arbitrary<Kind> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...CALLS) },
  { weight: 6, arbitrary: fc.constant(requestWith(200)) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      frame("invoke_agent"),
      frame("execute_tool"),
      frame("invoke_agent", [text("gen_ai.request.model", "gpt-5.2")]),
    ),
  },
  { weight: 4, arbitrary: fc.constant(plain()) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD) },
);

/** A span of a tree: its parent is one of those before it, one that never comes, or none. */
interface Node {
  readonly kind: Kind;
  readonly above: number;
  /** Its parent is the span so many before it, whatever `above` says; 0: it has none. */
  readonly back?: number;
  readonly from: number;
  readonly forMs: number;
  readonly number: number;
  readonly batch: number;
  readonly trace: number;
  /** Seldom it has the id of the span before it. */
  readonly twin: boolean;
}

const FAR = 90;
const node: fc.Arbitrary<Node> = fc.record({
  kind,
  above: fc.oneof({ weight: 8, arbitrary: fc.nat(89) }, { weight: 1, arbitrary: fc.constantFrom(FAR, FAR + 1) }),
  from: fc.oneof({ weight: 9, arbitrary: fc.nat(3_000) }, { weight: 1, arbitrary: fc.nat(24 * 3_600_000) }),
  forMs: fc.nat(3_000),
  number: fc.nat(2_000),
  batch: fc.nat(2),
  trace: fc.nat(3),
  twin: fc.nat(40).map((drawn) => drawn === 0),
});

const ANSWERED = requestWith(200);
const answers = fc.constantFrom(
  ...Array.from({ length: 9 }, () => ANSWERED),
  requestWith(429),
  requestWith(200, [int("http.request.resend_count", 0)]),
  requestWith(200, [int("http.request.resend_count", 1)]),
);
const refusals = fc.constantFrom(
  requestWith(429),
  requestWith(429, [{ key: "http.response.header.retry-after", value: { arrayValue: { values: [{ stringValue: "7" }] } } }]),
  requestWith(529),
  requestWith(401),
  requestWith(0),
  { ...requestWith(0), status: 2, message: "read ECONNRESET" },
  requestWith(200),
  requestWith(429, [int("http.request.resend_count", 2)]),
);

/** A call that failed, mostly with a request that was refused. */
const failure: fc.Arbitrary<Node[]> = fc
  .tuple(node, fc.constantFrom(...DOWN), fc.tuple(node, refusals))
  .map(([call, of, [request, answer]]) => {
    const batch = request.number % 5 === 0 ? request.batch : call.batch;
    const below = { ...request, kind: answer, above: -1, trace: call.trace, batch };
    return call.number % 4 === 0 ? [{ ...call, kind: of }] : [{ ...call, kind: of }, below];
  });

/** Calls as they mostly are: below something, with a request below each, seldom farther below than anybody looks. */
const operation: fc.Arbitrary<Node[]> = fc
  .tuple(
    node,
    fc.constantFrom(...CALLS, ...CALLS, ...ELSEWHERE),
    fc.array(fc.tuple(node, fc.constantFrom(plain(), frame("execute_tool"))), { maxLength: 6 }),
    fc.tuple(node, answers, fc.constantFrom(0, 0, 0, 1, 6)),
  )
  .map(([call, of, between, [request, answer, depth]]) => {
    const below = (one: Node, kindOf: Kind): Node => ({ ...one, kind: kindOf, above: -1, trace: call.trace });
    const apart = request.number % 5 === 0;
    const spans = [...between.slice(0, depth).map(([one, kindOf]) => below(one, kindOf)), below(request, answer)];
    return [{ ...call, kind: of }, ...spans.map((one) => (apart ? one : { ...one, batch: call.batch }))];
  });

/** Waits from the end of one call to the start of the next: two at once, within what clocks differ, and longer than anybody waits. */
const waits = fc.oneof(
  { weight: 8, arbitrary: fc.nat(2_000) },
  { weight: 2, arbitrary: fc.constantFrom(-500, -3, -2, -1, 0, 1, 299_990, 299_999, 300_000, 300_001, 400_000) },
);

/** Calls of one model, as they go well and as they fail. */
const FAMILIES: readonly (readonly Kind[])[] = [
  [chat("pydantic-ai"), ...failing(chat("pydantic-ai"))],
  [DEEPSEEK, ...failing(DEEPSEEK)],
  [CLAUDE, ...failing(CLAUDE)],
];

/** One of the calls of a series: the kind by number, or another family's. */
const turn = fc.record({
  one: node,
  of: fc.nat(6),
  other: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...CALLS, ...DOWN) }),
  waitMs: waits,
  request: node,
  answer: answers,
  refusal: fc.oneof({ weight: 5, arbitrary: fc.constant(requestWith(429)) }, { weight: 1, arbitrary: refusals }),
  place: fc.nat(15),
});

/** Calls one after another below one span, of which some fail and some are repeated: what an application does that tries again. */
const series: fc.Arbitrary<Node[]> = fc
  .tuple(
    node,
    fc.constantFrom(plain(), plain(), frame("invoke_agent"), frame("execute_tool"), plain(2)),
    fc.constantFrom(...FAMILIES),
    fc.array(turn, { minLength: 2, maxLength: 5 }),
  )
  .map(([above, of, family, turns]) => {
    const { trace, batch } = above;
    const nodes: Node[] = [{ ...above, kind: of }];
    let atMs = 1_000;
    for (const { one, of: kindIndex, other, waitMs, request, answer, refusal, place } of turns) {
      const kindOf = other ?? family[kindIndex] ?? ANSWERED;
      atMs = Math.max(0, atMs + waitMs);
      const back = above.number % 5 === 1 ? 0 : nodes.length;
      // Seldom below something else, or in another batch.
      const where = place === 0 ? {} : place === 1 ? { batch: one.batch, back } : { batch, back };
      nodes.push({ ...one, kind: kindOf, trace, batch, twin: false, from: atMs, ...where });
      const began = request.number % 9 === 0 ? { from: Math.max(0, atMs - 3), forMs: one.forMs } : { from: atMs + 1, forMs: one.forMs - 2 };
      const kindBelow = kindOf.status === 2 ? refusal : answer;
      if (place % 3 > 0) nodes.push({ ...request, kind: kindBelow, trace, batch, back: 1, twin: false, ...began });
      atMs += one.forMs;
    }
    // The span around them may not have come.
    return above.number % 5 === 0 ? [{ ...above, kind: plain(), trace: (trace + 1) % 4 }, ...nodes.slice(1)] : nodes;
  });

const traffic = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 2, arbitrary: node.map((one) => [one]) },
        { weight: 5, arbitrary: operation },
        { weight: 2, arbitrary: failure },
        { weight: 1, arbitrary: series },
      ),
      { minLength: 1, maxLength: 7 },
    ),
    fc.boolean(),
  )
  .map(([groups, whole]) => groups.flat().map((one) => (whole ? { ...one, batch: 0 } : one)));

function scanOf(nodes: readonly Node[]): RequestScan {
  const scopeSpans = nodes.map((one, index) => ({ scope: { name: one.kind.scope, version: "1" }, spans: [spanOf(nodes, one, index)] }));
  const request: ReferenceRequest = { resourceSpans: [{ resource: { attributes: [text("service.name", "shop")] }, scopeSpans }] };
  const body = codec.encode(codec.fromObject(request)).finish();
  reader.read(body);
  const read = reader.read(body);
  if (read === null) throw new Error("a span was refused");
  return read.scan;
}

function spanOf(nodes: readonly Node[], one: Node, index: number): ReferenceSpan {
  const { kind: of, above, back, from, forMs, number, trace, twin } = one;
  const { message, exception } = of;
  const before = nodes.flatMap((other, at) => (at < index && other.trace === trace ? [at] : []));
  // -1: the one just before it; else any before it, of which one more is none.
  const drawn = above >= FAR ? above : above < 0 ? index - 1 : (before[above % (before.length + 1)] ?? null);
  const parent = back === undefined ? drawn : back === 0 ? null : index - back;
  return {
    traceId: Uint8Array.of(...new Uint8Array(15), trace + 1),
    spanId: Uint8Array.of(...new Uint8Array(7), twin && index > 0 ? index : index + 1),
    ...(parent === null ? {} : { parentSpanId: Uint8Array.of(...new Uint8Array(7), parent + 1) }),
    name: of.name,
    kind: of.kind,
    startTimeUnixNano: `${START_MS + from}000123`,
    endTimeUnixNano: `${START_MS + from + forMs}000456`,
    attributes: of.attributes(number),
    status: { code: of.status ?? 0, ...(message === undefined ? {} : { message }) },
    ...(exception === undefined ? {} : { events: [exceptionOf(exception, START_MS + from + forMs + 40)] }),
  };
}

function exceptionOf(words: string, atMs: number): NonNullable<ReferenceSpan["events"]>[number] {
  return {
    timeUnixNano: `${atMs}000000`,
    name: "exception",
    attributes: [text("exception.type", "Error"), text("exception.message", words)],
  };
}

function context(): EnrichContext {
  const memory = createTraceMemory({ tracesMax: 100, spansPerTraceMax: 200, spansMax: 1_000, ageMsMax: AGE_MS_MAX });
  return { prices: DEFAULT_PRICE_BOOK, memory };
}

interface Way {
  readonly settled: boolean;
  readonly stepMs: number;
}

interface ByColumns {
  quiet: number;
  failed: number;
  repeated: number;
}

/**
 * Both ways batch after batch; answers how many spans were found by columns, how many of these were calls that failed or repeat one, and how many
 * calls of batches without any other span repeat one.
 */
function expectSame(scan: RequestScan, batches: readonly (readonly ScannedSpan[])[], { settled, stepMs }: Way): ByColumns {
  const [columnar, ordinary] = [context(), context()];
  const by: ByColumns = { quiet: 0, failed: 0, repeated: 0 };
  for (const [index, spans] of batches.entries()) {
    const told: [string[], string[]] = [[], []];
    const asked = (side: 0 | 1, of: EnrichContext): EnrichContext => ({
      ...of,
      nowMs: START_MS + index * stepMs,
      ...(settled && index === batches.length - 1 ? { settled } : {}),
      onUnknownDialect: (scope) => told[side].push(scope),
    });
    const found = enrichByColumns(reader.pick(scan, spans), spans, asked(0, columnar));
    expect(found.found).toEqual(enrichBySpans(spans, asked(1, ordinary)).found);
    expect(told[0].toSorted()).toEqual(told[1].toSorted());
    by.quiet += spans.length - found.unread;
    by.failed += found.failed;
    if (found.unread === 0) by.repeated += found.found.filter((one) => one?.["retry_of"] !== undefined).length;
  }
  for (const { traceId } of scan.spans) expect(memoryOf(columnar.memory, traceId)).toEqual(memoryOf(ordinary.memory, traceId));
  return by;
}

const way: fc.Arbitrary<Way> = fc.record({ settled: fc.boolean(), stepMs: fc.constantFrom(0, 10, 0.7 * AGE_MS_MAX, AGE_MS_MAX + 1) });

describe("generated traffic in columns", () => {
  test("is found to be what it is by itself, in whatever batches it comes, and leaves the same in the memory", () => {
    let [quiet, failed, all] = [0, 0, 0];
    fc.assert(
      fc.property(traffic, way, fc.constantFrom("once", "once", "again", "twice"), (nodes, how, times) => {
        const scan = scanOf(nodes);
        const batches = [0, 1, 2].map((batch) => scan.spans.filter((_, index) => nodes[index]?.batch === batch));
        const doubled = batches.map((spans) => (times === "twice" ? [...spans, ...spans.slice(0, 1)] : spans));
        const sent = [...doubled, ...(times === "again" ? batches : [])].filter((spans) => spans.length > 0);
        const by = expectSame(scan, sent, how);
        quiet += by.quiet;
        failed += by.failed;
        all += sent.flat().length;
      }),
      { numRuns: 400 },
    );
    expect(quiet / all).toBeGreaterThan(0.2);
    expect(failed / all).toBeGreaterThan(0.01);
  });

  test("is found to be what it is where calls that failed are tried again", () => {
    let [repeated, runs] = [0, 0];
    fc.assert(
      fc.property(fc.array(series, { minLength: 1, maxLength: 2 }), fc.nat(7), way, (groups, drawn, how) => {
        // With a call in the memory that may have its requests elsewhere, calls are taken in the order of their ends (enrich.ts, byEnd).
        const litellm = { kind: chat("litellm"), above: 0, from: 0, forMs: 9, number: 1, batch: 0, trace: 3, twin: false };
        const all = [...(drawn < 3 ? [litellm] : []), ...groups.flat().map((one) => ({ ...one, trace: one.trace % 3 }))];
        // All that follows it in one batch, or in two.
        const nodes = all.map((one, index) => ({ ...one, batch: index === 0 ? 0 : drawn === 3 && index > 3 ? 2 : 1 }));
        const scan = scanOf(nodes);
        const batches = [0, 1, 2].map((batch) => scan.spans.filter((_, index) => nodes[index]?.batch === batch));
        // In another order than that in which they began.
        const turned = batches.map((spans) => (drawn % 2 === 0 ? spans : spans.toReversed()));
        const sent = turned.filter((spans) => spans.length > 0);
        repeated += expectSame(scan, sent, how).repeated;
        runs += 1;
      }),
      { numRuns: 400 },
    );
    expect(repeated / runs).toBeGreaterThan(0.1);
  });

  test("is read span by span where a call beside it may claim its requests", () => {
    const alone = { above: 0, from: 0, forMs: 3_000, number: 100, batch: 0, twin: false };
    const nodes: Node[] = [
      { ...alone, kind: chat("litellm"), trace: 0 },
      { ...alone, kind: chat("pydantic-ai"), from: 500, trace: 1 },
      { ...alone, kind: requestWith(200), from: 600, forMs: 100, trace: 1, above: -1 },
    ];
    const scan = scanOf(nodes);
    const { spans } = scan;
    for (const batches of [[spans], [spans, spans], [spans.slice(1), spans]]) expectSame(scan, batches, { settled: false, stepMs: 10 });
    expect(expectSame(scan, [spans], { settled: false, stepMs: 0 }).quiet).toBe(0);
    expect(expectSame(scan, [spans.slice(1)], { settled: false, stepMs: 0 }).quiet).toBe(2);
  });
});
