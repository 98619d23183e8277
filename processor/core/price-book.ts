import { indexModels, type ModelIndex } from "./prices/model-index.ts";
import { PRICE_DATA, PRICE_DATA_DATE, PRICE_DATA_SOURCE } from "./prices/price-data.ts";
import { readPriceFile } from "./prices/price-file.ts";
import { unpackModel, type ModelPrices } from "./prices/price-rows.ts";
import { SUPPLEMENT } from "./prices/supplement.ts";
import { knownProvider } from "./provider.ts";

/** What a book knows of a model's price. */
type PriceMatch = { readonly status: "found"; readonly model: ModelPrices } | { readonly status: "unknown_model" | "unknown_provider" };

/** Prices by provider and model. Lookups are memoised in the book; the memo is bounded. */
export interface PriceBook {
  /** Day of the newest general data in it. */
  readonly date: string;
  /**
   * @param provider canonical name (see canonicalProvider)
   * @param model what answered: the response's model, else the requested one
   * @param requested also looked up among the user's own prices, where it may be a deployment's name
   */
  find(provider: string, model: string, requested?: string): PriceMatch;
  /** Every provider that has a price, by canonical name. */
  providers(): readonly string[];
  /** The models of one provider; the user's own first. */
  models(provider: string): readonly ModelPrices[];
}

/** Entries of one book's memo; it is emptied when full, so that made-up model names cannot fill the memory. */
const MEMO_ENTRIES_MAX = 4096;

/** Longer keys are no models' names and are not kept: a span may hold megabytes in their place. */
const MEMO_KEY_CHARS_MAX = 512;

/** Where the table files a provider whose canonical name it does not use. */
const TABLE_NAMES: Readonly<Record<string, string>> = {
  "aws.bedrock": "aws",
  "azure.ai.openai": "azure",
  "azure.ai.inference": "azure",
  "gcp.gemini": "google",
  "gcp.vertex_ai": "google",
  "gcp.gen_ai": "google",
  x_ai: "x-ai",
  mistral_ai: "mistral",
  moonshot_ai: "moonshotai",
  github_copilot: "github-copilot",
};

/** Who resells whom at the list price (genai-prices, fallback_model_providers). The vendor's service tiers are not resold with it. */
const RESELLS: Readonly<Record<string, readonly string[]>> = {
  azure: ["openai", "anthropic", "deepseek", "x-ai", "moonshotai"],
  google: ["anthropic"],
};

/** The vendored prices: genai-prices and the supplement. */
export const DEFAULT_PRICE_BOOK: PriceBook = memoised(generalPrices());

/**
 * The default book with a user's own prices before it: they replace a model's price, or add one.
 * @param userPrices the parsed JSON of a price file (docs/costs.md); undefined gives the default book
 * @throws Error that lists every mistake with its path
 */
export function priceBookWith(userPrices: unknown): PriceBook {
  if (userPrices === undefined) return DEFAULT_PRICE_BOOK;
  const own = readPriceFile(userPrices, "your price file", findIn(DEFAULT_PRICE_BOOK));
  const indexes = new Map([...own].map(([provider, models]) => [provider, indexModels(models)]));
  const findOwn = (provider: string, model: string): ModelPrices | null => indexes.get(provider)?.find(model) ?? null;
  return memoised({
    date: DEFAULT_PRICE_BOOK.date,
    find(provider, model, requested) {
      const found = findOwn(provider, model) ?? (requested === undefined ? null : findOwn(provider, requested));
      if (found !== null) return { status: "found", model: found };
      const general = DEFAULT_PRICE_BOOK.find(provider, model);
      return general.status === "unknown_provider" && indexes.has(provider) ? { status: "unknown_model" } : general;
    },
    providers: () => [...new Set([...indexes.keys(), ...DEFAULT_PRICE_BOOK.providers()])],
    models: (provider) => [...(indexes.get(provider)?.models ?? []), ...DEFAULT_PRICE_BOOK.models(provider)],
  });
}

function findIn(book: PriceBook): (provider: string, model: string) => ModelPrices | null {
  return (provider, model) => {
    const match = book.find(knownProvider(provider) ?? provider, model);
    return match.status === "found" ? match.model : null;
  };
}

/** Providers are parsed when they are first asked for: an application calls two or three of the forty-odd. */
function generalPrices(): PriceBook {
  const parsed = new Map<string, ModelIndex>();
  let supplement: ReadonlyMap<string, readonly ModelPrices[]> | undefined;
  const supplemented = (): ReadonlyMap<string, readonly ModelPrices[]> => {
    supplement ??= readPriceFile(SUPPLEMENT, "supplement", () => null);
    return supplement;
  };
  const indexOf = (table: string): ModelIndex | null => {
    const known = parsed.get(table);
    if (known !== undefined) return known;
    const text = Object.hasOwn(PRICE_DATA, table) ? PRICE_DATA[table] : undefined;
    const added = supplemented().get(table) ?? [];
    if (text === undefined && added.length === 0) return null;
    const lines = text === undefined ? [] : text.trim().split("\n");
    const index = indexModels([...lines.map((line) => unpackModel(line, PRICE_DATA_SOURCE, PRICE_DATA_DATE)), ...added]);
    parsed.set(table, index);
    return index;
  };
  return {
    date: PRICE_DATA_DATE,
    find(provider, model) {
      const table = TABLE_NAMES[provider] ?? provider;
      if (indexOf(table) === null) return { status: "unknown_provider" };
      for (const name of namesOfModel(table, model)) {
        const found = findInTables(indexOf, table, name);
        if (found !== null) return { status: "found", model: found };
      }
      return { status: "unknown_model" };
    },
    providers: () => [...new Set([...Object.keys(PRICE_DATA).map(canonicalOf), ...supplemented().keys()])],
    models: (provider) => indexOf(TABLE_NAMES[provider] ?? provider)?.models ?? [],
  };
}

/** The table's own model, else one that it resells. */
function findInTables(indexOf: (table: string) => ModelIndex | null, table: string, model: string): ModelPrices | null {
  const own = indexOf(table)?.find(model) ?? null;
  if (own !== null) return own;
  for (const vendor of RESELLS[table] ?? []) {
    const found = indexOf(vendor)?.find(model) ?? null;
    if (found !== null) return { ...found, tiers: [] };
  }
  return null;
}

/** LiteLLM and gateways write "openai/gpt-5.2": the provider's own name before its model may go. */
function namesOfModel(table: string, model: string): string[] {
  const slash = model.indexOf("/");
  const prefix = slash <= 0 ? "" : (knownProvider(model.slice(0, slash)) ?? "");
  return prefix !== "" && (TABLE_NAMES[prefix] ?? prefix) === table ? [model, model.slice(slash + 1)] : [model];
}

function canonicalOf(table: string): string {
  return Object.entries(TABLE_NAMES).find(([, name]) => name === table)?.[0] ?? table;
}

function memoised(book: PriceBook): PriceBook {
  const memo = new Map<string, PriceMatch>();
  let last: { provider: string; model: string; requested: string; match: PriceMatch } | null = null;
  return {
    ...book,
    find(provider, model, requested = "") {
      // An application asks for one or two models: to compare the names is cheaper than to make a key of them.
      if (last !== null && last.provider === provider && last.model === model && last.requested === requested) return last.match;
      if (provider.length + model.length + requested.length > MEMO_KEY_CHARS_MAX) return book.find(provider, model, requested || undefined);
      const key = `${provider}\n${model}\n${requested}`;
      const known = memo.get(key);
      const match = known ?? book.find(provider, model, requested || undefined);
      if (known === undefined && memo.size >= MEMO_ENTRIES_MAX) memo.clear();
      if (known === undefined) memo.set(key, match);
      last = { provider, model, requested, match };
      return match;
    },
  };
}
