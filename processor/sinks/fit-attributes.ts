/** Attributes larger than this have their text cut: the counters of such a span are in columns and stay whole. */
export const ATTRIBUTES_BYTES_MAX = 256 * 1024;
/** Tried in turn until the rest fits. */
const TEXT_CHARS_STEPS = [4_000, 500, 50] as const;
/** Says on the row that something is missing, and how large it was. */
const CUT_KEY = "genai_otel.attributes_cut_bytes";

/** The attributes as they came where they fit, with their long texts cut where they do not. */
export function fitAttributes(json: Uint8Array): Uint8Array {
  return json.length <= ATTRIBUTES_BYTES_MAX ? json : cutAttributes(json);
}

function cutAttributes(json: Uint8Array): Uint8Array {
  const attributes = parseObject(json);
  for (const charsMax of TEXT_CHARS_STEPS) {
    const cut = Buffer.from(JSON.stringify(cutTexts({ ...attributes, [CUT_KEY]: json.length }, charsMax)));
    if (cut.length <= ATTRIBUTES_BYTES_MAX) return cut;
  }
  return Buffer.from(JSON.stringify({ [CUT_KEY]: json.length }));
}

function parseObject(json: Uint8Array): object {
  try {
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString("utf8")) as object;
  } catch {
    return {};
  }
}

function cutTexts(value: unknown, charsMax: number): unknown {
  if (typeof value === "string") return value.length > charsMax ? value.slice(0, charsMax) : value;
  if (Array.isArray(value)) return value.map((item) => cutTexts(item, charsMax));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutTexts(item, charsMax)]));
}
