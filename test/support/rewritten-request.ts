/** A field of a protobuf message, taken apart as far as the trace messages are known. */
interface Field {
  number: number;
  readonly wireType: number;
  value: bigint | Buffer | Field[];
  /** Bytes more than its length or number needs. */
  padding: number;
}

type Message = { readonly [fieldNumber: number]: Message };

const ANY: Message = {};
const KEY_VALUE: Message = { 2: ANY };
Object.assign(ANY, { 5: { 1: ANY }, 6: { 1: KEY_VALUE } });
const SPAN: Message = { 9: KEY_VALUE, 11: { 3: KEY_VALUE }, 13: { 4: KEY_VALUE }, 15: {} };
const REQUEST: Message = { 1: { 1: { 1: KEY_VALUE }, 2: { 1: { 3: KEY_VALUE }, 2: SPAN } } };

const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5];
const FIXED_BYTES: Readonly<Record<number, number>> = { [FIXED64]: 8, [FIXED32]: 4 };

/**
 * A request as another encoder might have written it, or one that is wrong but well-formed: fields doubled, moved, left out, of unknown
 * numbers, of a second member of a oneof, with lengths and numbers longer than they need be. `random` answers 0 to 1.
 */
export function rewrittenRequest(body: Uint8Array, random: () => number): Buffer {
  const root: Field = { number: 0, wireType: LENGTH, value: parse(Buffer.from(body), REQUEST), padding: 0 };
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes -= 1) {
    const messages = [...messagesOf(root)].filter((fields) => fields.length > 0);
    change(pick(messages, random) ?? [], random);
  }
  return serialise(root.value as Field[]);
}

function parse(bytes: Buffer, message: Message): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = varint(bytes, at);
    const [number, wireType] = [Number(tag.value >> 3n), Number(tag.value & 7n)];
    const first = wireType === VARINT || wireType === LENGTH ? varint(bytes, tag.end) : { value: 0n, end: tag.end };
    const end = wireType === LENGTH ? first.end + Number(first.value) : first.end + (FIXED_BYTES[wireType] ?? 0);
    const content = bytes.subarray(first.end, end);
    const inner = message[number];
    const value = wireType === VARINT ? first.value : wireType === LENGTH && inner !== undefined ? parse(content, inner) : content;
    fields.push({ number, wireType, value, padding: 0 });
    at = end;
  }
  return fields;
}

function varint(bytes: Buffer, start: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let at = start, shift = 0n; ; at += 1, shift += 7n) {
    const byte = bytes.readUInt8(at);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

function* messagesOf({ value }: Field): Iterable<Field[]> {
  if (!Array.isArray(value)) return;
  yield value;
  for (const field of value) yield* messagesOf(field);
}

const NUMBERS = [0n, 1n, 127n, 128n, 2n ** 21n, 2n ** 28n - 1n, 2n ** 28n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 5n];
const TEXTS = ["", "a", "\0", "\u00e9", "\u00c3(", "x".repeat(160), "x".repeat(161)].map((text) => Buffer.from(text, "latin1"));
/** Unknown to the trace messages, and known ones that most spans lack: flags, trace_state, dropped counts, a second member of AnyValue. */
const STRANGERS: readonly Omit<Field, "padding">[] = [
  { number: 100, wireType: VARINT, value: 5n },
  { number: 99, wireType: LENGTH, value: Buffer.from("later") },
  { number: 55, wireType: FIXED64, value: Buffer.alloc(8, 9) },
  { number: 16, wireType: FIXED32, value: Buffer.alloc(4, 1) },
  { number: 3, wireType: LENGTH, value: Buffer.from("a=b") },
  { number: 3, wireType: VARINT, value: 7n },
  { number: 10, wireType: VARINT, value: 3n },
  { number: 1, wireType: LENGTH, value: Buffer.from("chat") },
];

function change(fields: Field[], random: () => number): void {
  const at = Math.floor(random() * fields.length);
  const place = Math.floor(random() * (fields.length + 1));
  const field = fields[at];
  if (field === undefined) return;
  const changes: readonly (() => void)[] = [
    () => fields.splice(place, 0, structuredCloneOf(field)),
    () => fields.splice(place, 0, ...fields.splice(at, 1)),
    () => fields.splice(at, 1),
    () => fields.reverse(),
    () => fields.splice(place, 0, { ...(pick(STRANGERS, random) as Field), padding: 0 }),
    () => (field.padding = 1 + Math.floor(random() * 3)),
    () => (field.number = 1 + Math.floor(random() * 17)),
    () => (field.value = field.wireType === VARINT ? (pick(NUMBERS, random) ?? 0n) : field.value),
    () => (field.value = field.wireType === LENGTH ? (pick(TEXTS, random) ?? field.value) : field.value),
  ];
  pick(changes, random)?.();
}

function structuredCloneOf(field: Field): Field {
  return { ...field, value: Array.isArray(field.value) ? field.value.map(structuredCloneOf) : field.value };
}

function serialise(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(({ number, wireType, value, padding }) => {
      const tag = padded(BigInt(number * 8 + wireType), 0);
      if (typeof value === "bigint") return [tag, padded(value, padding)];
      const content = Array.isArray(value) ? serialise(value) : value;
      return wireType === LENGTH ? [tag, padded(BigInt(content.length), padding), content] : [tag, content];
    }),
  );
}

function padded(value: bigint, padding: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  for (let more = Math.min(padding, 10 - bytes.length); more > 0; more -= 1) {
    bytes.push((bytes.pop() ?? 0) | 0x80, 0);
  }
  return Buffer.from(bytes);
}

function pick<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)];
}
