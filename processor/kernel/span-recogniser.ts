import { ID_STRIDE, MARK_STRIDE, MESSAGE_STRIDE, SPAN_STRIDE, TRACE_STRIDE } from "../core/span-columns.ts";
import type { ColumnShape, SpanColumns } from "../core/span-columns.ts";
import { OWN_KEYS } from "../core/attributes.ts";
import { READ_KEYS } from "../core/read-keys.ts";
import type { SpanShape } from "../core/span-shape.ts";
import type { Attributes } from "../core/span.ts";
import { WRITTEN_KEYS } from "../otlp/attribute-encoder.ts";
import type { KeyFacts, Shaping } from "../otlp/key-dictionary.ts";
import { DEFAULT_SCAN_LIMITS } from "../otlp/request-scan.ts";
import { SCAN_KEYS } from "../otlp/scan-keys.ts";
import { SPAN_DURATION_MS_MAX } from "../otlp/scan-span.ts";
import { WireReader } from "../otlp/wire-reader.ts";
import { type KernelExports, openKernel } from "./kernel-exports.ts";
import { ResourceCache } from "./resource-cache.ts";

/** As processor/kernel/assembly/keys.ts numbers them. */
const SHAPING: Readonly<Record<Shaping, number>> = { none: 0, value: 1, code: 2, presence: 3 };
const OWN_KEY = 4;

/** Of all that is taught until it is forgotten. The ordinary scan keeps half as many. With what is written on its spans one takes some 5 KB. */
const SHAPES_MAX = 4_096;
/** A client that invents shapes may fill what is kept of them, but not have it learned anew all the time. */
const REQUESTS_BETWEEN_RESETS_MIN = 4_096;

export interface SpanRecogniser {
  /**
   * The spans of an ExportTraceServiceRequest in protobuf, each with its shape where it is one that was taught. null: the
   * request is too large, odd or malformed, and is for the ordinary scan, which says so. `body` is copied; the columns and
   * everything in them are good until the next call.
   *
   * Shapes keep their index as long as `shapes` is the same array. Limits of times are DEFAULT_SCAN_LIMITS.
   */
  recognise(body: Uint8Array): SpanColumns | null;
  /** The span at that place of the request that was recognised last has this shape, as the ordinary scan found. */
  teach(spanIndex: number, shape: ColumnShape): void;
}

/** null where there is no WebAssembly: then everything is for the ordinary scan. Of one kernel there is one recogniser. */
export function createSpanRecogniser(kernel: KernelExports | null = openKernel()): SpanRecogniser | null {
  return kernel === null ? null : new KernelRecogniser(kernel);
}

class KernelRecogniser implements SpanRecogniser {
  private readonly kernel: KernelExports;
  private readonly body: Uint8Array;
  private readonly columns: RequestColumns;
  private readonly resources: Int32Array;
  private readonly resourceCache = new ResourceCache();
  private shapeIndexes = new Map<SpanShape, number>();
  private shapes: ColumnShape[] = [];
  /** Its bytes still stand in the kernel. */
  private isThere = false;
  private requestsSinceReset = 0;

  constructor(kernel: KernelExports) {
    this.kernel = kernel;
    this.body = new Uint8Array(kernel.memory.buffer, kernel.BODY.value, kernel.BODY_BYTES_MAX.value);
    this.columns = columnsIn(kernel, this.shapes);
    this.resources = new Int32Array(kernel.memory.buffer, kernel.RESOURCES.value, kernel.RESOURCES_MAX.value * 2);
    const { timeMsMin, timeMsMax } = DEFAULT_SCAN_LIMITS;
    kernel.limitTimes(timeMsMin, timeMsMax, SPAN_DURATION_MS_MAX);
    for (const facts of keys()) this.addKey(facts);
    kernel.reset();
  }

  recognise(body: Uint8Array): SpanColumns | null {
    const { columns, kernel } = this;
    this.isThere = false;
    if (body.length > this.body.length) return null;
    this.requestsSinceReset++;
    if (this.isFull() && this.requestsSinceReset >= REQUESTS_BETWEEN_RESETS_MIN) this.forget();
    this.body.set(body);
    const spanCount = this.unlessTrapped(() => this.kernel.recognise(body.length));
    if (spanCount < 0 || !this.readResources(body)) return null;
    this.isThere = true;
    columns.spanCount = spanCount;
    columns.traceCount = kernel.traceCount.value;
    columns.messageCount = kernel.messageCount.value;
    columns.shapes = this.shapes;
    return columns;
  }

  teach(spanIndex: number, shape: ColumnShape): void {
    const { shapes, shapeIndexes } = this;
    if (!this.isThere || spanIndex >= this.columns.spanCount || shapes.length === SHAPES_MAX) return;
    const before = shapeIndexes.get(shape.shape);
    const index = before ?? shapes.length;
    const isTaught = this.unlessTrapped(() => this.kernel.teach(spanIndex, index, shape.shape.numberKeys.length)) === 1;
    if (!isTaught || before !== undefined) return;
    shapes.push(shape);
    shapeIndexes.set(shape.shape, index);
  }

  private addKey({ key, shaping, writtenIndex }: KeyFacts): void {
    const length = Buffer.from(this.body.buffer, this.body.byteOffset).write(key);
    // A written key that is not part of the shape could not be compared with what is to be written.
    const isOwn = OWN_KEYS.includes(key) || (writtenIndex >= 0 && shaping !== "value" && shaping !== "code");
    const added = this.kernel.addKey(length, isOwn ? OWN_KEY : SHAPING[shaping], writtenIndex);
    if (added === 0) throw new RangeError(`the kernel has no room for the key ${key}`);
  }

  /** -1 for a trap, which leaves the kernel's tables half filled: whatever made it, they are begun anew. */
  private unlessTrapped(run: () => number): number {
    try {
      return run();
    } catch {
      this.forget();
      return -1;
    }
  }

  private isFull(): boolean {
    return this.shapes.length === SHAPES_MAX || this.kernel.isFull() !== 0;
  }

  /** Columns that were given out keep the shapes that they have. */
  private forget(): void {
    this.isThere = false;
    this.kernel.reset();
    this.shapes = [];
    this.shapeIndexes = new Map();
    this.requestsSinceReset = 0;
  }

  /** false: one of them is malformed. */
  private readResources(body: Uint8Array): boolean {
    const count = this.kernel.resourceCount.value;
    const attributes = this.columns.resources;
    attributes.length = 0;
    const reader = new WireReader(body);
    for (let index = 0; index < count; index++) {
      const resource = this.resourceCache.read(reader, this.resources[index * 2] ?? 0, this.resources[index * 2 + 1] ?? 0);
      if (resource === null) return false;
      attributes.push(resource);
    }
    return true;
  }
}

/** One for all requests, as its tables are. */
interface RequestColumns extends SpanColumns {
  spanCount: number;
  traceCount: number;
  messageCount: number;
  shapes: readonly ColumnShape[];
  readonly resources: Attributes[];
}

function columnsIn(kernel: KernelExports, shapes: readonly ColumnShape[]): RequestColumns {
  const { buffer } = kernel.memory;
  const spansMax = kernel.SPANS_MAX.value;
  return {
    spanCount: 0,
    traceCount: 0,
    messageCount: 0,
    spans: new Int32Array(buffer, kernel.SPANS.value, spansMax * SPAN_STRIDE),
    ids: new Int32Array(buffer, kernel.IDS.value, spansMax * ID_STRIDE),
    traces: new Int32Array(buffer, kernel.TRACES.value, spansMax * TRACE_STRIDE),
    numbers: new Float64Array(buffer, kernel.NUMBERS.value, kernel.NUMBERS_MAX.value),
    marks: new Int32Array(buffer, kernel.MARKS.value, kernel.MARKS_MAX.value * MARK_STRIDE),
    messages: new Int32Array(buffer, kernel.MESSAGES.value, kernel.MESSAGES_MAX.value * MESSAGE_STRIDE),
    shapes,
    resources: [],
  };
}

/** All that make a shape or are written. */
function keys(): KeyFacts[] {
  return [...new Set([...READ_KEYS, ...WRITTEN_KEYS])].map((key) => {
    const bytes = Buffer.from(key);
    return SCAN_KEYS.find(new WireReader(bytes), 0, bytes.length);
  });
}
