import type { Attributes, AttributeValue } from "../core/span.ts";

/** Names, models, users: what rollups and indexes hold. PostgreSQL's btree takes 2,704 bytes an entry. */
export const LABEL_CHARS_MAX = 200;

/** Text for a label column, cut; null where there is none. */
export function label(value: AttributeValue | undefined): string | null {
  if (typeof value === "string") return value === "" ? null : cut(value, LABEL_CHARS_MAX);
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

export function firstLabel(attributes: Attributes, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = attributes[key];
    if (value !== undefined) {
      const text = label(value);
      if (text !== null) return text;
    }
  }
  return null;
}

export const cut = (text: string, charsMax: number): string => (text.length > charsMax ? text.slice(0, charsMax) : text);
