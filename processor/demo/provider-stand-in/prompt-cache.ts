const PREFIXES_MAX = 1_000;
const TOKENS_MIN = 1_024;
const CHARS_PER_TOKEN = 4;

/** How the input of one request divides: what was read from the cache, what was written to it. */
export interface CachedPrefix {
  readonly read: number;
  readonly write5m: number;
  readonly write1h: number;
}

export const NOTHING_CACHED: CachedPrefix = { read: 0, write5m: 0, write1h: 0 };

/**
 * Prompt caching as the providers do it: Anthropic writes what ends at the last `cache_control` mark and reads it when it
 * comes again; OpenAI reads a repeated prefix of 1024 tokens or more and charges nothing to write it. Entries live as long
 * as the stand-in, the oldest go first.
 */
export function promptCache(): (wire: string, body: string) => CachedPrefix {
  const seen = new Set<string>();
  return (wire, body) => {
    const prefix = wire.startsWith("anthropic") ? markedPrefix(body) : wire.startsWith("openai-chat") ? systemPrefix(body) : undefined;
    if (prefix === undefined) return NOTHING_CACHED;
    const tokens = Math.ceil(prefix.text.length / CHARS_PER_TOKEN);
    if (tokens < TOKENS_MIN) return NOTHING_CACHED;
    if (seen.has(prefix.text)) return { ...NOTHING_CACHED, read: tokens };
    remember(seen, prefix.text);
    if (prefix.writes === "free") return NOTHING_CACHED;
    return prefix.writes === "1h" ? { ...NOTHING_CACHED, write1h: tokens } : { ...NOTHING_CACHED, write5m: tokens };
  };
}

interface Prefix {
  readonly text: string;
  readonly writes: "5m" | "1h" | "free";
}

function markedPrefix(body: string): Prefix | undefined {
  const { system, model } = JSON.parse(body) as { system?: unknown; model?: unknown };
  const text = JSON.stringify(system) ?? "";
  const end = text.lastIndexOf('"cache_control"');
  if (end < 0) return undefined;
  return { text: `${String(model)}${text.slice(0, end)}`, writes: text.includes('"ttl":"1h"', end) ? "1h" : "5m" };
}

function systemPrefix(body: string): Prefix | undefined {
  const { messages, model } = JSON.parse(body) as { messages?: { role?: unknown; content?: unknown }[]; model?: unknown };
  const first = Array.isArray(messages) ? messages[0] : undefined;
  if (first?.role !== "system" || typeof first.content !== "string") return undefined;
  return { text: `${String(model)}${first.content}`, writes: "free" };
}

function remember(seen: Set<string>, text: string): void {
  seen.add(text);
  const oldest = seen.size > PREFIXES_MAX ? seen.values().next().value : undefined;
  if (oldest !== undefined) seen.delete(oldest);
}
