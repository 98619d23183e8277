import type { KnownTexts } from "../core/quiet-failure.ts";
import { MESSAGE_COLUMN, MESSAGE_STRIDE, SPAN_COLUMN, SPAN_STRIDE, type SpanColumns } from "../core/span-columns.ts";
import { EVENT_MESSAGE_KEYS, EVENT_READ_KEYS, EVENT_STACK_KEY } from "../core/span-error-evidence.ts";
import type { Attributes, AttributeValue } from "../core/span.ts";
import { ANY_VALUE, READ_TEXT_BYTES_MAX } from "./any-value.ts";
import type { AttributePlace } from "./attribute-marks.ts";
import { FailureTextCache } from "./failure-text-cache.ts";
import type { KeyFacts } from "./key-dictionary.ts";
import { NAME_BYTES_MAX } from "./read-span-details.ts";
import { locateAttribute, readPlace } from "./scan-attribute.ts";
import { SCAN_KEYS } from "./scan-keys.ts";
import { EVENT, SPAN, STATUS_FIELD } from "./span-fields.ts";
import { decodeText } from "./text-cache.ts";
import { WireReader } from "./wire-reader.ts";

/** Events and attributes of a span beyond which it is read by itself; one that failed has an event or two. */
const EVENTS_MAX = 32;
const ATTRIBUTES_MAX = 64;

const WORD_BYTES = 4;
const EMPTY = new Uint8Array();

/** An attribute of an event: its key and where it stands. */
interface EventAttribute extends AttributePlace {
  facts: KeyFacts | null;
  end: number;
}

/**
 * Reads what a recognised span that failed says in texts: the message of its status, and of its events what tells of the failure
 * (core/span-error-evidence.ts), less their times and their stacks, which no two have alike. Texts that came before are not decoded
 * again. The kernel has seen that all of it stands as encoders write it, so that nothing here can fail.
 */
export class FailureTextReader {
  private reader = new WireReader(EMPTY);
  private columns: SpanColumns | null = null;
  private readonly cache = new FailureTextCache();
  /** Of the span that is read: where its message stands, the attributes of its events, and by event where its attributes end. */
  private readonly message = { start: 0, end: 0 };
  private readonly attributes: EventAttribute[] = Array.from({ length: ATTRIBUTES_MAX }, noAttribute);
  private attributeCount = 0;
  private readonly eventEnds = new Int32Array(EVENTS_MAX);
  private eventCount = 0;

  /** The columns of that request are asked next. */
  begin(body: Uint8Array, columns: SpanColumns): void {
    this.reader = new WireReader(body);
    this.columns = columns;
  }

  /** null where there are too many. */
  read(span: number): KnownTexts | null {
    const { columns, cache, reader } = this;
    if (columns === null || !this.locate(columns, span)) return null;
    cache.begin();
    cache.add(reader, this.message.start, this.message.end);
    for (let event = 0, at = 0; event < this.eventCount; event++) {
      cache.addBorder();
      for (; at < (this.eventEnds[event] ?? 0); at++) {
        const { keyStart, end } = this.attributes[at] ?? NO_ATTRIBUTE;
        cache.add(reader, keyStart, end);
      }
    }
    const before = cache.find();
    if (before !== null) return before;
    const repeats = cache.comesAgain();
    const texts = this.decode(repeats);
    if (repeats) cache.keep(texts);
    return texts;
  }

  /** false: they are too many. */
  private locate({ spans, messages }: SpanColumns, span: number): boolean {
    const { reader } = this;
    const at = (spans[span * SPAN_STRIDE + SPAN_COLUMN.message] ?? 0) * MESSAGE_STRIDE;
    const end = messages[at + MESSAGE_COLUMN.end] ?? 0;
    reader.position = messages[at + MESSAGE_COLUMN.start] ?? 0;
    this.message.start = this.message.end = 0;
    this.attributeCount = 0;
    this.eventCount = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== SPAN.status && tag !== SPAN.events) {
        reader.skip(tag, end);
        continue;
      }
      const fieldEnd = reader.lengthEnd(end, "Span");
      if (tag === SPAN.status) this.locateMessage(fieldEnd);
      else if (!this.locateEvent(fieldEnd)) return false;
      reader.position = fieldEnd;
    }
    return true;
  }

  private locateMessage(end: number): void {
    const { reader, message } = this;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== STATUS_FIELD.message) {
        reader.skip(tag, end);
        continue;
      }
      message.end = reader.lengthEnd(end, "Status.message");
      message.start = reader.position;
      reader.position = message.end;
    }
  }

  /** An event without a name is none (read-span-details.ts, readEvents). */
  private locateEvent(end: number): boolean {
    const { reader } = this;
    const first = this.attributeCount;
    let isNamed = false;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === EVENT.name) {
        const nameEnd = reader.lengthEnd(end, "Event.name");
        isNamed = decodeText(reader, reader.position, nameEnd, NAME_BYTES_MAX) !== "";
        reader.position = nameEnd;
      } else if (tag === EVENT.attributes) {
        if (!this.locateAttribute(reader.lengthEnd(end, "Event.attributes"))) return false;
      } else reader.skip(tag, end);
    }
    if (!isNamed) this.attributeCount = first;
    else if (this.eventCount === EVENTS_MAX) return false;
    else {
      this.leaveStackOut(first);
      this.eventEnds[this.eventCount++] = this.attributeCount;
    }
    return true;
  }

  private locateAttribute(end: number): boolean {
    const { reader } = this;
    const attribute = this.attributes[this.attributeCount];
    if (attribute === undefined) return false;
    const start = reader.position;
    locateAttribute(reader, end, attribute);
    attribute.facts = SCAN_KEYS.find(reader, attribute.keyStart, attribute.keyEnd);
    attribute.keyStart = start;
    attribute.end = end;
    reader.position = end;
    if (EVENT_READ_KEYS.has(attribute.facts.key)) this.attributeCount++;
    return true;
  }

  /** Where a message tells what the stack begins with, the stack is not asked (core/span-error-evidence.ts, causeOf). */
  private leaveStackOut(first: number): void {
    const { attributes, attributeCount } = this;
    let messages = 0;
    let hasText = false;
    let stack = -1;
    let stacks = 0;
    for (let index = first; index < attributeCount; index++) {
      const attribute = attributes[index] ?? NO_ATTRIBUTE;
      const key = attribute.facts?.key ?? "";
      if (EVENT_MESSAGE_KEYS.has(key)) {
        messages += 1;
        hasText = this.endsInText(attribute);
      } else if (key === EVENT_STACK_KEY) {
        stack = index;
        stacks += 1;
      }
    }
    if (messages !== 1 || !hasText || stacks !== 1) return;
    if (stack < attributeCount - 1) attributes.push(...attributes.splice(stack, 1));
    this.attributeCount -= 1;
  }

  private decode(repeats: boolean): KnownTexts {
    const { reader, message } = this;
    const statusMessage = decodeText(reader, message.start, message.end, READ_TEXT_BYTES_MAX);
    const events: { readonly attributes: Attributes }[] = [];
    for (let event = 0, at = 0; event < this.eventCount; event++) {
      const attributes: Record<string, AttributeValue> = Object.create(null);
      for (; at < (this.eventEnds[event] ?? 0); at++) {
        const attribute = this.attributes[at] ?? NO_ATTRIBUTE;
        const value = this.saysMessage(attribute) ? statusMessage : readPlace(reader, attribute);
        if (value !== undefined && attribute.facts !== null) attributes[attribute.facts.key] = value;
      }
      events.push({ attributes });
    }
    return { statusMessage, events, repeats };
  }

  /** A text of which something is left when it is read: its last character is a plain one. */
  private endsInText(attribute: AttributePlace): boolean {
    const last = this.reader.bytes[attribute.valueEnd - 1] ?? 0;
    return this.textLength(attribute) > 0 && last >= 0x20 && last < 0x80;
  }

  /** Whether the value is the message of the status, word for word: as it is with most emitters. */
  private saysMessage(attribute: AttributePlace): boolean {
    const { view } = this.reader;
    const { start, end } = this.message;
    const length = end - start;
    if (length < WORD_BYTES || this.textLength(attribute) !== length) return false;
    const shift = attribute.valueEnd - end;
    for (let at = start; at < end - WORD_BYTES; at += WORD_BYTES) {
      if (view.getInt32(at, true) !== view.getInt32(at + shift, true)) return false;
    }
    return view.getInt32(end - WORD_BYTES, true) === view.getInt32(end - WORD_BYTES + shift, true);
  }

  /** Bytes of a value that is one text and nothing else; -1 of any other, and of a long one. */
  private textLength({ valueStart, valueEnd }: AttributePlace): number {
    const { bytes } = this.reader;
    if (valueStart < 0 || bytes[valueStart] !== ANY_VALUE.string) return -1;
    const first = bytes[valueStart + 1] ?? 0;
    if (first < 0x80) return valueStart + 2 + first === valueEnd ? first : -1;
    const second = bytes[valueStart + 2] ?? 0x80;
    const length = (first & 0x7f) | (second << 7);
    return second < 0x80 && valueStart + 3 + length === valueEnd ? length : -1;
  }
}

function noAttribute(): EventAttribute {
  return { facts: null, keyStart: 0, keyEnd: 0, valueStart: -1, valueEnd: -1, end: 0 };
}

const NO_ATTRIBUTE = noAttribute();
