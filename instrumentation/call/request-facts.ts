import { asText } from "../wire/answer.ts";
import { readJsonFields } from "../wire/json-fields.ts";
import type { RequestFacts, WireDialect } from "../wire/wire-dialect.ts";

const STRINGS_MAX = 16;

/** Model, streaming and parameters of a request, read from the top level of its body. */
export function readRequestFacts(wire: WireDialect, body: string): RequestFacts {
  const fields = readJsonFields(body, wantedFields(wire));
  const model = asText(fields["model"]);
  const stream = fields["stream"];
  const streaming = typeof stream === "boolean" ? stream : wire.streamsByDefault === true;
  const attributes: Record<string, string | number | boolean | string[]> = {};
  for (const [field, attribute] of Object.entries(wire.requestFields)) {
    const value = attributeValue(fields[field]);
    if (value !== undefined) attributes[attribute] = LISTS.has(attribute) && typeof value === "string" ? [value] : value;
  }
  return { ...(model === undefined ? {} : { model }), streaming, attributes };
}

const LISTS: ReadonlySet<string> = new Set(["gen_ai.request.stop_sequences", "gen_ai.request.encoding_formats"]);
const WANTED = new WeakMap<WireDialect, ReadonlySet<string>>();

function wantedFields(wire: WireDialect): ReadonlySet<string> {
  const known = WANTED.get(wire);
  if (known !== undefined) return known;
  const wanted = new Set(["model", "stream", ...Object.keys(wire.requestFields)]);
  WANTED.set(wire, wanted);
  return wanted;
}

function attributeValue(value: unknown): string | number | boolean | string[] | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  return Array.isArray(value) && value.length <= STRINGS_MAX && value.every((item) => typeof item === "string") ? value : undefined;
}
