import { asText } from "../wire/answer.ts";
import { readJsonFields, wantedFields } from "../wire/json-fields.ts";
import { perWire } from "../wire/wire-dialect.ts";
import type { RequestFacts, WireDialect } from "../wire/wire-dialect.ts";

const STRINGS_MAX = 16;

type FactValue = string | number | boolean | string[];

/** Model, streaming and parameters of a request, read from the top level of its body. */
export function readRequestFacts(wire: WireDialect, body: string): RequestFacts {
  const fields = readJsonFields(body, WANTED(wire));
  const model = asText(fields["model"]);
  const stream = fields["stream"];
  const streaming = typeof stream === "boolean" ? stream : wire.streamsByDefault === true;
  const attributes: Record<string, FactValue> = {};
  for (const field in fields) {
    const attribute = wire.requestFields[field];
    if (attribute === undefined) continue;
    const value = attributeValue(fields[field]);
    if (value !== undefined) attributes[attribute] = typeof value === "string" && LISTS.has(attribute) ? [value] : value;
  }
  return model === undefined ? { streaming, attributes } : { model, streaming, attributes };
}

const LISTS: ReadonlySet<string> = new Set(["gen_ai.request.stop_sequences", "gen_ai.request.encoding_formats"]);
const WANTED = perWire(({ requestFields }) => wantedFields(["model", "stream", ...Object.keys(requestFields)]));

function attributeValue(value: unknown): FactValue | undefined {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  return Array.isArray(value) && value.length <= STRINGS_MAX && value.every((item) => typeof item === "string") ? value : undefined;
}
