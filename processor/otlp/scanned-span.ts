import type { Attributes, AttributeValue, Span, SpanEvent } from "../core/span.ts";
import { TIME_NUMBERS } from "../core/span-columns.ts";
import type { SpanShape } from "../core/span-shape.ts";
import { readAnyValue } from "./any-value.ts";
import { spanIdHex } from "./ids.ts";
import { readEvents, readStatusMessage } from "./read-span-details.ts";
import type { RequestScan, SpanOrigin } from "./request-scan.ts";

const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null));
const NO_EVENTS: readonly SpanEvent[] = Object.freeze([]);

/**
 * A span as a view of the request's bytes: what nobody asks for is never decoded. Holding one keeps the whole request; a
 * copy by `detachedSpan` does not.
 */
export class ScannedSpan implements Span {
  /** Index of its place in `regions`. */
  readonly region: number;
  /** Its attributes in `marks`, from the first to before the end. */
  readonly firstMark: number;
  endMark = 0;
  traceId = "";
  name = "";
  kind = 0;
  statusCode = 0;
  shape: SpanShape | null = null;
  /** Where the ids' bytes stand; -1 where there is none. */
  spanIdAt = -1;
  parentSpanIdAt = -1;
  hasEvents = false;
  hasStatusMessage = false;
  private readonly scan: RequestScan;
  private readonly origin: SpanOrigin;
  private readonly firstNumber: number;
  private readAttributes: Attributes | null = null;
  private readMessage: string | null = null;
  private readEvents: readonly SpanEvent[] | null = null;
  private hexSpanId = "";

  constructor(scan: RequestScan, region: number, origin: SpanOrigin) {
    this.scan = scan;
    this.region = region;
    this.origin = origin;
    this.firstMark = scan.marks.count;
    this.firstNumber = scan.numbers.reserve(TIME_NUMBERS);
  }

  get spanId(): string {
    if (this.hexSpanId === "") this.hexSpanId = spanIdHex(this.scan.reader.view, this.spanIdAt);
    return this.hexSpanId;
  }

  get parentSpanId(): string {
    return this.parentSpanIdAt < 0 ? "" : spanIdHex(this.scan.reader.view, this.parentSpanIdAt);
  }

  get startMs(): number {
    return this.scan.numbers.at(this.firstNumber);
  }

  set startMs(ms: number) {
    this.scan.numbers.set(this.firstNumber, ms);
  }

  get endMs(): number {
    return this.scan.numbers.at(this.firstNumber + 1);
  }

  set endMs(ms: number) {
    this.scan.numbers.set(this.firstNumber + 1, ms);
  }

  get scopeName(): string {
    return this.origin.scope.name;
  }

  get scopeVersion(): string {
    return this.origin.scope.version;
  }

  get resource(): Attributes {
    return this.origin.resource;
  }

  get statusMessage(): string {
    return (this.readMessage ??= this.hasStatusMessage ? readStatusMessage(this.scan, this.region) : "");
  }

  get events(): readonly SpanEvent[] {
    return (this.readEvents ??= this.hasEvents ? readEvents(this.scan, this.region) : NO_EVENTS);
  }

  get attributes(): Attributes {
    return (this.readAttributes ??= this.firstMark === this.endMark ? NO_ATTRIBUTES : this.decodeAttributes());
  }

  numberAt(index: number): number {
    return this.scan.numbers.at(this.firstNumber + TIME_NUMBERS + index);
  }

  private decodeAttributes(): Attributes {
    const { marks, reader } = this.scan;
    const attributes: Record<string, AttributeValue> = Object.create(null);
    for (let index = this.firstMark; index < this.endMark; index++) {
      const facts = marks.key(index);
      if (facts === undefined || !facts.read) continue;
      const start = marks.valueStart(index);
      reader.position = Math.max(start, 0);
      const value = start < 0 ? undefined : readAnyValue(reader, marks.valueEnd(index), 0);
      if (value !== undefined) attributes[facts.key] = value;
    }
    return attributes;
  }
}
