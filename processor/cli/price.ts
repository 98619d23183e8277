import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { priceBookWith, type PriceBook } from "../core/price-book.ts";
import { priceCall } from "../core/price-call.ts";
import type { PricedCall } from "../core/priced-call.ts";
import type { Attributes } from "../core/span.ts";
import type { UsageInput } from "../core/usage.ts";
import type { Command } from "./command.ts";
import { answerJsonLines, InputError } from "./json-lines.ts";

const HELP = `usage: genai-otel price [--prices FILE]

Reads one JSON object per line from stdin:
  {"scope": "ai", "provider": "anthropic", "model": "claude-opus-5-5",
   "at": "2026-11-18T12:00:00Z", "context": {}, "attributes": {...}}
and answers each with its tokens and its cost. Only "at" and "attributes" must be
there. "context" may hold serviceTier, processing and speed where no attribute
says them. "scope" is a name or {"name": ..., "version": ...}.

--prices FILE  your own prices before ours (or the variable GENAI_OTEL_PRICES)
`;

/** `genai-otel price`: attributes of model calls in, tokens and money out, line for line. */
export const price: Command = async (args, io) => {
  const options = priceOptions(args);
  if (typeof options === "string") {
    io.stderr.write(`genai-otel price: ${options}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    io.stdout.write(HELP);
    return 0;
  }
  const book = await readPriceBook(options.prices ?? io.env["GENAI_OTEL_PRICES"]);
  return answerJsonLines(io, (value) => answerOf(priceCall(inputOf(value), book)));
};

/** The options, or what is wrong with them. */
function priceOptions(args: readonly string[]): { help: boolean; prices: string | undefined } | string {
  try {
    const { values } = parseArgs({ args: [...args], options: { help: { type: "boolean", short: "h" }, prices: { type: "string" } } });
    return { help: values.help === true, prices: values.prices };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The default book, or one with the prices of that file before it. */
export async function readPriceBook(path: string | undefined): Promise<PriceBook> {
  if (path === undefined || path === "") return priceBookWith(undefined);
  try {
    return priceBookWith(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function answerOf(call: PricedCall): object {
  const { usage } = call;
  return {
    uncachedInput: usage?.uncachedInput ?? null,
    cacheRead: usage?.cacheRead ?? null,
    cacheWrite5m: usage?.cacheWrite5m ?? null,
    cacheWrite1h: usage?.cacheWrite1h ?? null,
    output: usage?.output ?? null,
    costUsd: call.costUsd,
    costWithoutCacheUsd: call.costWithoutCacheUsd,
    cacheSavingsUsd: call.cacheSavingsUsd,
    cacheHitRatio: call.cacheHitRatio,
    costStatus: call.costStatus,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function inputOf(value: unknown): UsageInput {
  const line = objectAt(value, "the line");
  const scope = scopeOf(line["scope"]);
  return {
    scope: scope.name,
    scopeVersion: scope.version,
    provider: textAt(line["provider"], "provider"),
    model: textAt(line["model"], "model"),
    atMs: timeAt(line["at"]),
    context: contextOf(line["context"]),
    attributes: Object.assign(Object.create(null), objectAt(line["attributes"], "attributes")) as Attributes,
  };
}

function scopeOf(value: unknown): { name: string | undefined; version: string | undefined } {
  if (value === undefined || value === null || typeof value === "string") return { name: value ?? undefined, version: undefined };
  const scope = objectAt(value, "scope", "a name or an object {name, version}");
  return { name: textAt(scope["name"], "scope.name"), version: textAt(scope["version"], "scope.version") };
}

function contextOf(value: unknown): UsageInput["context"] {
  if (value === undefined || value === null) return undefined;
  const context = objectAt(value, "context");
  return {
    serviceTier: textAt(context["serviceTier"], "context.serviceTier"),
    processing: textAt(context["processing"], "context.processing"),
    speed: textAt(context["speed"], "context.speed"),
  };
}

function timeAt(value: unknown): number {
  const atMs = typeof value === "string" ? Date.parse(value) : typeof value === "number" ? value : Number.NaN;
  if (!Number.isFinite(atMs))
    throw new InputError(`at: expected a time like "2026-11-18T12:00:00Z" or ms since the epoch, got ${shown(value)}`);
  return atMs;
}

function textAt(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new InputError(`${field}: expected text, got ${shown(value)}`);
  return value;
}

function objectAt(value: unknown, field: string, expected = "an object"): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new InputError(`${field}: expected ${expected}, got ${shown(value)}`);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
}
