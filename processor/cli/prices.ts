import { parseArgs } from "node:util";
import type { PriceBook } from "../core/price-book.ts";
import { priceCall } from "../core/price-call.ts";
import type { CostStatus, PricedCall } from "../core/priced-call.ts";
import { rateFor, ratesAt, STANDARD_TIER, type ModelPrices, type Rate, type RateCard } from "../core/prices/price-rows.ts";
import { canonicalProvider } from "../core/provider.ts";
import type { Command, CommandIo } from "./command.ts";
import { readPriceBook } from "./price.ts";

const HELP = `usage: genai-otel prices list [PROVIDER]
       genai-otel prices find TEXT
       genai-otel prices explain PROVIDER MODEL [options]

list     providers with the number of their models, or the models of one
find     models of all providers whose name holds TEXT
explain  what a call to that model costs, and where the numbers come from
           --at DATE            price of that day or time (default: now)
           --tier TIER          batch, flex, priority, fast, ...
           --input N            input tokens, cached ones included
           --cache-read N       of those, read from the cache
           --cache-write N      of those, written to it
           --cache-write-1h N   of those, written for an hour
           --output N           output tokens, reasoning included

--prices FILE  your own prices before ours (or the variable GENAI_OTEL_PRICES)
All prices are USD per million tokens.
`;

const TOKEN_OPTIONS = ["input", "cache-read", "cache-write", "cache-write-1h", "output"] as const;
type TokenOption = (typeof TOKEN_OPTIONS)[number];

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  prices: { type: "string" },
  at: { type: "string" },
  tier: { type: "string" },
  ...(Object.fromEntries(TOKEN_OPTIONS.map((name) => [name, { type: "string" }])) as Record<TokenOption, { type: "string" }>),
} as const;

/** The user asked for something that cannot be: exit code 2. */
class WrongUsage extends Error {}

interface Question {
  readonly words: readonly string[];
  readonly prices: string | undefined;
  readonly atMs: number;
  readonly tier: string;
  readonly tokens: Readonly<Record<TokenOption, number>>;
  readonly counted: boolean;
}

/** `genai-otel prices`: lists, finds and explains what a model costs. */
export const prices: Command = async (args, io) => {
  try {
    const question = questionOf(args);
    if (question === null) {
      io.stdout.write(HELP);
      return 0;
    }
    const book = await readPriceBook(question.prices ?? io.env["GENAI_OTEL_PRICES"]);
    return answer(question, book, io);
  } catch (error) {
    if (!(error instanceof WrongUsage)) throw error;
    io.stderr.write(`genai-otel prices: ${error.message}\n\n${HELP}`);
    return 2;
  }
};

function answer(question: Question, book: PriceBook, io: CommandIo): number {
  const [verb, ...words] = question.words;
  const [first, second] = words;
  if (verb === "list") return write(io, first === undefined ? providerLines(book) : modelLines(book, first, question.atMs));
  if (verb === "find" && first !== undefined) return write(io, foundLines(book, words.join(" "), question.atMs));
  if (verb === "explain" && first !== undefined && second !== undefined) return write(io, explainLines(book, first, second, question));
  throw new WrongUsage(verb === undefined ? "expected list, find or explain" : `"${question.words.join(" ")}" is not understood`);
}

/** What was found goes to stdout; an answer that begins with "unknown" is one too, with exit code 1. */
function write(io: CommandIo, { lines, known }: Answer): number {
  io.stdout.write(`${lines.join("\n")}\n`);
  return known ? 0 : 1;
}

interface Answer {
  readonly lines: readonly string[];
  readonly known: boolean;
}

function questionOf(args: readonly string[]): Question | null {
  const { values, positionals } = parsed(args);
  if (values.help === true || (positionals.length === 0 && args.length === 0)) return null;
  const counts = TOKEN_OPTIONS.map((name): [TokenOption, number] => [name, tokensOf(name, values[name])]);
  const tokens = Object.fromEntries(counts) as Record<TokenOption, number>;
  if (tokens["cache-read"] + tokens["cache-write"] + tokens["cache-write-1h"] > tokens.input) {
    throw new WrongUsage("--input: expected the cached tokens to be part of it");
  }
  return {
    words: positionals,
    prices: values.prices,
    atMs: timeOf(values.at),
    tier: values.tier?.toLowerCase() ?? STANDARD_TIER,
    tokens,
    counted: TOKEN_OPTIONS.some((name) => values[name] !== undefined),
  };
}

function parsed(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function tokensOf(name: string, text: string | undefined): number {
  if (text === undefined) return 0;
  const tokens = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(tokens)) throw new WrongUsage(`--${name}: expected a number of tokens, got "${text}"`);
  return tokens;
}

function timeOf(text: string | undefined): number {
  const atMs = text === undefined ? Date.now() : Date.parse(text);
  if (Number.isNaN(atMs)) throw new WrongUsage(`--at: expected a day or time like 2026-11-01 or 2026-11-01T02:30:00Z, got "${text}"`);
  return atMs;
}

function providerLines(book: PriceBook): Answer {
  const rows = book.providers().map((provider) => [provider, String(book.models(provider).length)] as const);
  const width = Math.max(...rows.map(([provider]) => provider.length));
  const lines = rows
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([provider, count]) => `${provider.padEnd(width)} ${count.padStart(6)}`);
  return { lines: [`${"provider".padEnd(width)} models`, ...lines, "", `prices of ${book.date}, USD per million tokens`], known: true };
}

function modelLines(book: PriceBook, name: string, atMs: number): Answer {
  const provider = canonicalProvider(name) ?? name;
  const models = book.models(provider);
  if (models.length === 0) return { lines: unknownLines(book, provider, "", "unknown_provider"), known: false };
  return { lines: [TABLE_HEAD, ...models.map((model) => modelLine(model.name, model, atMs))], known: true };
}

function foundLines(book: PriceBook, text: string, atMs: number): Answer {
  const wanted = text.toLowerCase();
  const lines = book.providers().flatMap((provider) =>
    book
      .models(provider)
      .filter((model) => model.names.some((name) => name.includes(wanted)))
      .map((model) => modelLine(`${provider} ${model.name}`, model, atMs)),
  );
  if (lines.length === 0) return { lines: [`no model's name holds "${text}"`], known: false };
  return { lines: [TABLE_HEAD, ...lines], known: true };
}

const NAME_WIDTH = 42;
const RATE_WIDTH = 9;
const TABLE_HEAD = `${"model".padEnd(NAME_WIDTH)}${["input", "cached", "written", "output"].map((head) => head.padStart(RATE_WIDTH)).join("")}`;

/** The base price; "+" where long contexts cost more. */
function modelLine(name: string, model: ModelPrices, atMs: number): string {
  const card = ratesAt(model, atMs, STANDARD_TIER);
  const rates = [card?.input, card?.cacheRead, card?.cacheWrite, card?.output].map((rate) => rateText(rate).padStart(RATE_WIDTH));
  const fitted = name.length < NAME_WIDTH ? name.padEnd(NAME_WIDTH) : `${name}\n${" ".repeat(NAME_WIDTH)}`;
  return `${fitted}${rates.join("")}`;
}

function rateText(rate: Rate | undefined): string {
  if (rate === undefined) return "-";
  return typeof rate === "number" ? String(rate) : `${rate[0]}+`;
}

function explainLines(book: PriceBook, name: string, model: string, question: Question): Answer {
  const provider = canonicalProvider(name, model) ?? name;
  const match = book.find(provider, model);
  if (match.status !== "found") return { lines: unknownLines(book, provider, model, match.status), known: false };
  const card = ratesAt(match.model, question.atMs, question.tier);
  if (card === null) return { lines: untieredLines(match.model, provider, question), known: false };
  const day = new Date(question.atMs).toISOString().slice(0, 16).replace("T", " ");
  return {
    lines: [
      `${provider} ${model}`,
      `  price row   ${match.model.name}${question.tier === STANDARD_TIER ? "" : `, ${question.tier}`}, in force at ${day} UTC`,
      ...wrapped("  source      ", `${match.model.source}, of ${match.model.date}`),
      "",
      ...cardLines(card),
      ...historyLines(match.model),
      ...(question.counted ? costLines(book, provider, model, question) : []),
    ],
    known: true,
  };
}

const CARD_ROWS: readonly (readonly [label: string, key: keyof RateCard, missing: string])[] = [
  ["input", "input", "not known: no cost can be given"],
  ["cache read", "cacheRead", "no price of its own: billed as input"],
  ["cache write", "cacheWrite", "no price of its own: billed as input"],
  ["cache write 1h", "cacheWrite1h", "no price of its own: billed as cache write"],
  ["output", "output", "not sold"],
];

function cardLines(card: RateCard): string[] {
  return CARD_ROWS.map(([label, key, missing]) => {
    const rate = card[key];
    if (rate === undefined) return `  ${label.padEnd(16)}${"-".padStart(10)}   ${missing}`;
    const steps = typeof rate === "number" ? [] : rate.slice(1);
    const dearer = [];
    for (let index = 0; index < steps.length; index += 2) dearer.push(`${steps[index + 1]} from ${steps[index]} input tokens on`);
    const base = String(rateFor(rate, 0)).padStart(10);
    return `  ${label.padEnd(16)}${base}${dearer.length === 0 ? "" : `   ${dearer.join(", ")}`}`;
  });
}

function historyLines(model: ModelPrices): string[] {
  const changes = model.rows.filter((row) => row.window === undefined && row.sinceMs > Number.NEGATIVE_INFINITY);
  const windows = model.rows.some((row) => row.window !== undefined);
  const tiers = [...new Set(model.tiers.map(({ tier }) => tier))];
  const days = changes.map(({ sinceMs }) => new Date(sinceMs).toISOString().slice(0, 10));
  return [
    ...(days.length === 0 ? [] : wrapped("  changed     ", days.join(", "))),
    ...(windows ? ["  hours       the price depends on the time of day (UTC)"] : []),
    ...(tiers.length === 0 ? [] : wrapped("  tiers       ", `${STANDARD_TIER}, ${tiers.join(", ")}`)),
  ];
}

function costLines(book: PriceBook, provider: string, model: string, { tokens, atMs, tier }: Question): string[] {
  const call = priceCall(
    {
      provider,
      model,
      atMs,
      context: { serviceTier: tier },
      attributes: {
        "gen_ai.usage.input_tokens": tokens.input,
        "gen_ai.usage.cache_read.input_tokens": tokens["cache-read"],
        "gen_ai.usage.cache_write.input_tokens": tokens["cache-write"] + tokens["cache-write-1h"],
        "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": tokens["cache-write-1h"],
        "gen_ai.usage.output_tokens": tokens.output,
      },
    },
    book,
  );
  return ["", ...moneyLines(call)];
}

function moneyLines(call: PricedCall): string[] {
  const { usage } = call;
  if (usage === null || call.costUsd === null) return [`  no cost: ${call.costStatus}`];
  const written = usage.cacheWrite5m + usage.cacheWrite1h;
  const rows: readonly (readonly [string, number, number | null])[] = [
    ["uncached input", usage.uncachedInput, call.costInputUsd],
    ["cache read", usage.cacheRead, call.costCacheReadUsd],
    ["cache write", written, call.costCacheWriteUsd],
    ["output", usage.output, call.costOutputUsd],
  ];
  const parts = rows.map(([label, count, usd]) => `  ${label.padEnd(16)}${String(count).padStart(10)} tokens ${usdText(usd)}`);
  const total = (label: string, usd: number | null): string => `  ${label.padEnd(33)} ${usdText(usd)}`;
  return [
    ...parts,
    total("cost", call.costUsd),
    total("without caching", call.costWithoutCacheUsd),
    total("saved by caching", call.cacheSavingsUsd),
  ];
}

function usdText(usd: number | null): string {
  return usd === null ? "-".padStart(14) : `$${usd.toFixed(8)}`.padStart(14);
}

function untieredLines(model: ModelPrices, provider: string, { tier, atMs }: Question): string[] {
  const day = new Date(atMs).toISOString().slice(0, 10);
  if (ratesAt(model, atMs, STANDARD_TIER) === null) {
    return [
      `${provider} ${model.name}: no price on ${day}`,
      "  Such calls get no cost and cost_status unknown_model.",
      ...historyLines(model),
    ];
  }
  return [
    `${provider} ${model.name}: no price for the tier "${tier}" on ${day}`,
    "  Such calls get no cost and cost_status unknown_tier, not the standard price.",
    ...historyLines(model),
  ];
}

function unknownLines(book: PriceBook, provider: string, model: string, status: CostStatus): string[] {
  if (status === "unknown_provider") {
    return [
      `unknown provider "${provider}"`,
      "  Its calls get no cost and cost_status unknown_provider, never 0.",
      "  `genai-otel prices list` shows the known ones; a price file can add it.",
    ];
  }
  const similar = similarNames(book, provider, model);
  return [
    `unknown model "${model}" of ${provider}`,
    "  Its calls get no cost and cost_status unknown_model, never 0.",
    ...(similar.length === 0 ? [] : wrapped("  known there: ", similar.join(", "))),
    '  A price file can add it, or say with "sameAs" which model it is.',
  ];
}

const SIMILAR_MAX = 8;

/** Shorter common beginnings are chance. */
const SIMILAR_CHARS_MIN = 3;

/** Models that share most of the beginning of the name; of equals the highest version first. */
function similarNames(book: PriceBook, provider: string, model: string): string[] {
  return book
    .models(provider)
    .map(({ name }) => ({ name, shared: sharedStart(name.toLowerCase(), model.toLowerCase()) }))
    .filter(({ shared }) => shared >= SIMILAR_CHARS_MIN)
    .toSorted((a, b) => b.shared - a.shared || b.name.localeCompare(a.name))
    .slice(0, SIMILAR_MAX)
    .map(({ name }) => name);
}

function sharedStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

const LINE_WIDTH = 80;

function wrapped(head: string, text: string): string[] {
  const lines: string[] = [];
  let line = head;
  for (const word of text.split(" ")) {
    if (line.length > head.length && line.length + word.length > LINE_WIDTH) {
      lines.push(line.trimEnd());
      line = " ".repeat(head.length);
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
