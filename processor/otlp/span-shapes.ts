import type { ShapeReading } from "../core/span-reading.ts";
import type { SpanShape } from "../core/span-shape.ts";
import type { KeyFacts } from "./key-dictionary.ts";
import type { Scope } from "./request-scan.ts";
import { type CachedText } from "./text-cache.ts";

/** A power of two. A fleet has some hundred shapes; those that differ in a user's id or a path take each other's slots. */
const SLOTS = 2048;
/** Places that a shape may stand in: a group of so many, a power of two. */
const WAYS = 4;
/** A power of two. Of what came once only a hash is kept, so that there is room for what comes seldom. */
const SEEN_SLOTS = 32_768;
/** A span with more attributes that the core reads has no shape. */
const KEYS_MAX = 64;
/** Nor one whose texts are longer, all together: what is kept of a shape is some KB, and nobody's shapes may be more. */
const TEXT_BYTES_MAX = 4_096;

/** What a value is to a shape: the text itself (or the bytes of a short list), or that it is a number, whichever. */
type Token = CachedText | typeof NUMBER | typeof LIST | boolean | number;

const NUMBER = Symbol("number");
/** Stands before the token of a list's bytes, lest they be taken for a text. */
const LIST = Symbol("list");

const TOKEN_HASH = { number: 0x1f35, list: 0x2e7b, true: 0x3d91, false: 0x4ca3 } as const;

class Shape implements SpanShape {
  reading: ShapeReading | null = null;
  readonly numberKeys: readonly string[];
  readonly hash: number;
  readonly name: CachedText | null;
  readonly kind: number;
  readonly statusCode: number;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly keys: readonly KeyFacts[];
  readonly tokens: readonly Token[];

  constructor(hash: number, draft: ShapeDraft, { kind, statusCode }: ShapeHead, scope: Scope) {
    this.hash = hash;
    this.name = draft.nameText;
    this.kind = kind;
    this.statusCode = statusCode;
    this.scopeName = scope.name;
    this.scopeVersion = scope.version;
    this.keys = draft.keys.slice(0, draft.count);
    this.tokens = draft.tokens.slice(0, draft.count);
    this.numberKeys = this.keys.filter((_, index) => this.tokens[index] === NUMBER).map(({ key }) => key);
  }
}

export interface ShapeHead {
  readonly kind: number;
  readonly statusCode: number;
}

/** The shape of the span that is being scanned, as far as it has been seen. One for all spans, begun anew for each. */
export class ShapeDraft {
  readonly keys: KeyFacts[] = [];
  readonly tokens: Token[] = [];
  count = 0;
  hash = 0;
  textBytes = 0;
  nameText: CachedText | null = null;
  /** false: something about the span is its own. */
  valid = true;

  begin(): void {
    this.count = 0;
    this.hash = 0;
    this.textBytes = 0;
    this.nameText = null;
    this.valid = true;
  }

  /** null for a name that is its own. */
  name(text: CachedText | null): void {
    this.nameText = text;
    if (text === null) this.valid = false;
    else this.hash ^= text.hash;
  }

  addText(key: KeyFacts, text: CachedText | null): void {
    if (text === null) {
      this.valid = false;
      return;
    }
    this.textBytes += text.length;
    this.add(key, text, text.hash);
  }

  addNumber(key: KeyFacts): void {
    this.add(key, NUMBER, TOKEN_HASH.number);
  }

  /** A number that is as good as a word: a status, a count of attempts. */
  addCode(key: KeyFacts, value: number): void {
    this.add(key, value, value);
  }

  addBoolean(key: KeyFacts, value: boolean): void {
    this.add(key, value, value ? TOKEN_HASH.true : TOKEN_HASH.false);
  }

  /** A list, by the bytes of its AnyValue. */
  addList(key: KeyFacts, bytes: CachedText | null): void {
    this.add(key, LIST, TOKEN_HASH.list);
    this.addText(key, bytes);
  }

  private add(key: KeyFacts, token: Token, hash: number): void {
    const { count } = this;
    if (count === KEYS_MAX) this.valid = false;
    if (!this.valid) return;
    this.keys[count] = key;
    this.tokens[count] = token;
    this.hash = Math.imul(this.hash ^ key.id, 0x9e3779b1) + hash;
    this.count = count + 1;
  }
}

/**
 * The shapes seen lately, by hash; bounded, a newer one takes the slot of an older one. Only what comes a second time gets
 * a shape: most of what is its own never does. Answers depend on the bytes of the spans alone, so that it may outlive a request.
 */
export class SpanShapes {
  private readonly table: (Shape | undefined)[] = Array.from({ length: SLOTS });
  /** Hashes of what came once. */
  private readonly seen = new Int32Array(SEEN_SLOTS);

  find(draft: ShapeDraft, head: ShapeHead, scope: Scope): SpanShape | null {
    if (!draft.valid || draft.textBytes > TEXT_BYTES_MAX) return null;
    const mixed = Math.imul(draft.hash ^ (head.kind << 4) ^ head.statusCode, 0x85ebca6b) ^ scope.name.length;
    const hash = mixed ^ (mixed >>> 15);
    const slot = hash & (SLOTS - WAYS);
    for (let way = 0; way < WAYS; way++) {
      const shape = this.table[slot + way];
      if (shape !== undefined && shape.hash === hash && isOf(shape, draft, head, scope)) return shape;
    }
    const seenAt = hash & (SEEN_SLOTS - 1);
    if (this.seen[seenAt] !== hash) {
      this.seen[seenAt] = hash;
      return null;
    }
    const shape = new Shape(hash, draft, head, scope);
    // Of a key that stands there twice the last value counts, which where its numbers are is not the first of that name.
    return hasKeyTwice(shape) ? null : this.keep(slot, shape);
  }

  /** In a free place, else in that of the one that has been there longest. */
  private keep(slot: number, shape: Shape): Shape {
    const { table } = this;
    for (let way = 0; way < WAYS; way++) if (table[slot + way] === undefined) return (table[slot + way] = shape);
    table.copyWithin(slot, slot + 1, slot + WAYS);
    return (table[slot + WAYS - 1] = shape);
  }
}

/** A list's key has two tokens. */
function hasKeyTwice({ keys, tokens }: Shape): boolean {
  const own = keys.filter((_, index) => tokens[index] !== LIST);
  return new Set(own).size < own.length;
}

function isOf(shape: Shape, draft: ShapeDraft, { kind, statusCode }: ShapeHead, scope: Scope): boolean {
  if (shape.keys.length !== draft.count || shape.name !== draft.nameText || shape.kind !== kind || shape.statusCode !== statusCode)
    return false;
  if (shape.scopeName !== scope.name || shape.scopeVersion !== scope.version) return false;
  for (let index = 0; index < draft.count; index++) {
    if (shape.keys[index] !== draft.keys[index] || shape.tokens[index] !== draft.tokens[index]) return false;
  }
  return true;
}
