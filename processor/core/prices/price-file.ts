import { knownProvider } from "../provider.ts";
import { sinceMsOf, type DatedRates, type ModelPrices, type Rate, type RateCard, type TierRates } from "./price-rows.ts";

/** Prices in USD per million tokens, as a user writes them. 0 means free; a price that is left out is not known. */
interface PricesWritten {
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly inputAudio?: number;
  readonly inputImage?: number;
  readonly outputAudio?: number;
  readonly outputImage?: number;
}

interface LongContext extends PricesWritten {
  /** The whole call is billed at these prices when its input is more than this. */
  readonly above: number;
}

/** One price of one model. Several entries of a model are its history (`since`) and its tiers (`tier`). */
interface PriceFileEntry extends PricesWritten {
  readonly provider: string;
  /** Model id, Azure deployment or inference-profile ARN. */
  readonly model: string;
  /** First day, UTC, "2026-11-01"; without it: always. */
  readonly since?: string;
  /** "batch", "flex", "priority", "fast": what differs from the standard price there. */
  readonly tier?: string;
  readonly longContext?: LongContext | readonly LongContext[];
  /** Take the price of this model, of the same provider unless one is named. */
  readonly sameAs?: string | { readonly provider: string; readonly model: string };
  /** Multiplies what `sameAs` costs: 0.85 is 15 % off. */
  readonly factor?: number;
  /** Where the number comes from; shown by `prices explain`. */
  readonly source?: string;
}

/** A user's own price file. */
export interface PriceFile {
  /** The day of these prices: `price_date` of every call they price. */
  readonly date: string;
  readonly models: readonly PriceFileEntry[];
}

/** Finds what `sameAs` names. */
export type FindModel = (provider: string, model: string) => ModelPrices | null;

const RATE_KEYS = [
  "input",
  "output",
  "cacheRead",
  "cacheWrite",
  "cacheWrite1h",
  "inputAudio",
  "inputImage",
  "outputAudio",
  "outputImage",
] as const satisfies readonly (keyof PricesWritten & keyof RateCard)[];
const ENTRY_KEYS: ReadonlySet<string> = new Set([
  "provider",
  "model",
  "since",
  "tier",
  "longContext",
  "sameAs",
  "factor",
  "source",
  ...RATE_KEYS,
]);
const LONG_CONTEXT_KEYS: ReadonlySet<string> = new Set(["above", ...RATE_KEYS]);
const FILE_KEYS: ReadonlySet<string> = new Set(["date", "models", "$schema", "comment"]);
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Most mistakes that one message lists. */
const MISTAKES_SHOWN_MAX = 20;
/** Longest piece of a wrong value that a message repeats. */
const SHOWN_CHARS_MAX = 80;

/** Collects mistakes, each as path and expectation. */
type Report = (path: string, expected: string, got: unknown) => void;
type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a price file. All its mistakes stand in the one error that it throws, each with its path and what was expected.
 * @returns its models by the provider's canonical name.
 */
export function readPriceFile(file: unknown, source: string, findModel: FindModel): ReadonlyMap<string, readonly ModelPrices[]> {
  const mistakes: string[] = [];
  const report: Report = (path, expected, got) => mistakes.push(`${path}: expected ${expected}, got ${shown(got)}`);
  if (checkFile(file, report)) {
    const models = collectModels(file, source, { findModel, report });
    if (mistakes.length === 0) return models;
  }
  const more = mistakes.length > MISTAKES_SHOWN_MAX ? [`and ${mistakes.length - MISTAKES_SHOWN_MAX} more`] : [];
  throw new Error(["the price file is wrong:", ...mistakes.slice(0, MISTAKES_SHOWN_MAX), ...more].join("\n  "));
}

function checkFile(file: unknown, report: Report): file is PriceFile {
  if (!isObject(file)) {
    report("price file", 'an object {"date": "2026-11-24", "models": [...]}', file);
    return false;
  }
  checkKeys(file, FILE_KEYS, "", report);
  if (!isDate(file["date"])) report("date", 'a day like "2026-11-24"', file["date"]);
  const models = file["models"];
  if (!Array.isArray(models)) {
    report("models", "an array of prices", models);
    return false;
  }
  return models.map((entry: unknown, index) => checkEntry(entry, `models[${index}]`, report)).every(Boolean) && isDate(file["date"]);
}

function checkEntry(entry: unknown, path: string, report: Report): boolean {
  if (!isObject(entry)) {
    report(path, 'an object {"provider": ..., "model": ..., "input": ..., "output": ...}', entry);
    return false;
  }
  let sound = true;
  const wrong: Report = (...mistake) => {
    sound = false;
    report(...mistake);
  };
  checkKeys(entry, ENTRY_KEYS, `${path}.`, wrong);
  for (const key of ["provider", "model"]) {
    if (!isText(entry[key])) wrong(`${path}.${key}`, "a name", entry[key]);
  }
  for (const key of ["tier", "source"]) {
    if (entry[key] !== undefined && !isText(entry[key])) wrong(`${path}.${key}`, "text", entry[key]);
  }
  if (entry["since"] !== undefined && !isDate(entry["since"])) wrong(`${path}.since`, 'a day like "2026-11-24"', entry["since"]);
  checkPrices(entry, path, wrong);
  checkLongContext(entry["longContext"], path, wrong);
  checkSource(entry, path, wrong);
  return sound;
}

/** Either prices or another model's. */
function checkSource(entry: Fields, path: string, report: Report): void {
  const { sameAs, factor } = entry as { sameAs?: unknown; factor?: unknown };
  const named = isText(sameAs) || (isObject(sameAs) && isText(sameAs["provider"]) && isText(sameAs["model"]));
  if (sameAs !== undefined && !named) report(`${path}.sameAs`, 'a model, or {"provider": ..., "model": ...}', sameAs);
  if (factor !== undefined && !isPrice(factor)) report(`${path}.factor`, "a number >= 0", factor);
  if (factor !== undefined && sameAs === undefined) report(`${path}.factor`, "sameAs beside it", factor);
  const prices = RATE_KEYS.filter((key) => entry[key] !== undefined);
  if (sameAs !== undefined && prices.length > 0) report(`${path}.sameAs`, "no price beside it", prices.join(", "));
  if (sameAs === undefined && entry["tier"] === undefined && entry["input"] === undefined) {
    report(`${path}.input`, "USD per million input tokens, or sameAs", undefined);
  }
}

function checkPrices(prices: Fields, path: string, report: Report): void {
  for (const key of RATE_KEYS) {
    if (prices[key] !== undefined && !isPrice(prices[key])) report(`${path}.${key}`, "USD per million tokens, a number >= 0", prices[key]);
  }
}

function checkLongContext(value: unknown, path: string, report: Report): void {
  if (value === undefined) return;
  for (const [index, step] of [value].flat().entries()) {
    const at = Array.isArray(value) ? `${path}.longContext[${index}]` : `${path}.longContext`;
    if (!isObject(step)) {
      report(at, 'an object {"above": 200000, "input": ..., "output": ...}', step);
      continue;
    }
    checkKeys(step, LONG_CONTEXT_KEYS, `${at}.`, report);
    if (!isPrice(step["above"])) report(`${at}.above`, "a number of input tokens", step["above"]);
    checkPrices(step, at, report);
  }
}

function checkKeys(object: Fields, known: ReadonlySet<string>, prefix: string, report: Report): void {
  for (const key of Object.keys(object)) {
    if (!known.has(key)) report(`${prefix}${key}`, `one of ${[...known].join(", ")}`, "an unknown key");
  }
}

interface Numbered {
  readonly entry: PriceFileEntry;
  /** Place in the file. */
  readonly index: number;
}

interface Origin {
  readonly date: string;
  readonly source: string;
}

interface Lookup {
  readonly findModel: FindModel;
  readonly report: Report;
}

/** Several entries of one model are one model with a history. */
function collectModels(file: PriceFile, source: string, lookup: Lookup): ReadonlyMap<string, readonly ModelPrices[]> {
  const groups = new Map<string, { provider: string; entries: Numbered[] }>();
  for (const [index, entry] of file.models.entries()) {
    const provider = knownProvider(entry.provider) ?? entry.provider;
    const key = JSON.stringify([provider, entry.model.toLowerCase()]);
    const group = groups.get(key) ?? { provider, entries: [] };
    group.entries.push({ entry, index });
    groups.set(key, group);
  }
  const byProvider = new Map<string, ModelPrices[]>();
  for (const { provider, entries } of groups.values()) {
    const model = modelOf(provider, entries, { date: file.date, source }, lookup);
    byProvider.set(provider, [...(byProvider.get(provider) ?? []), model]);
  }
  return byProvider;
}

function modelOf(provider: string, entries: readonly Numbered[], origin: Origin, { findModel, report }: Lookup): ModelPrices {
  const rows: DatedRates[] = [];
  const tiers: TierRates[] = [];
  for (const { entry, index } of entries) {
    const sinceMs = sinceMsOf(entry.since ?? "");
    if (entry.sameAs !== undefined) {
      const other = typeof entry.sameAs === "string" ? { provider, model: entry.sameAs } : entry.sameAs;
      const found = findModel(other.provider, other.model);
      if (found === null) report(`models[${index}].sameAs`, "a model whose price is known", `${other.provider} ${other.model}`);
      const from = <Row extends DatedRates | TierRates>(row: Row): Row => ({
        ...row,
        sinceMs: Math.max(row.sinceMs, sinceMs),
        rates: scaledCard(row.rates, entry.factor),
      });
      rows.push(...(found?.rows ?? []).map(from));
      tiers.push(...(found?.tiers ?? []).map(from));
    } else if (entry.tier === undefined) rows.push({ sinceMs, rates: cardOf(entry) });
    else tiers.push({ tier: entry.tier.toLowerCase(), sinceMs, rates: cardOf(entry) });
  }
  const model = entries[0]?.entry.model ?? "";
  const sources = entries.flatMap(({ entry }) => entry.source ?? []);
  return {
    name: model,
    names: [model.toLowerCase()],
    rows: rows.sort(byForce),
    tiers: tiers.sort((a, b) => compare(b.sinceMs, a.sinceMs)),
    source: [origin.source, ...new Set(sources)].join(", "),
    date: origin.date,
  };
}

/** The last one in force wins: the later one, and a daily window over the price it stands beside. Stable for equal dates. */
function byForce(a: DatedRates, b: DatedRates): number {
  return Number(a.window !== undefined) - Number(b.window !== undefined) || compare(a.sinceMs, b.sinceMs);
}

/** Subtraction would make NaN of two infinities. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function cardOf(entry: PriceFileEntry): RateCard {
  const steps = [entry.longContext ?? []].flat().sort((a, b) => a.above - b.above);
  const card: Partial<Record<keyof RateCard, Rate>> = {};
  for (const key of RATE_KEYS) {
    const base = entry[key];
    if (base === undefined) continue;
    const tiers = steps.flatMap((step) => (step[key] === undefined ? [] : [step.above + 1, step[key]]));
    card[key] = tiers.length === 0 ? base : [base, ...tiers];
  }
  return card;
}

function scaledCard(card: RateCard, factor = 1): RateCard {
  if (factor === 1) return card;
  const scaled: Partial<Record<keyof RateCard, Rate>> = {};
  for (const key of RATE_KEYS) {
    const rate = card[key];
    if (rate === undefined) continue;
    // Even places hold prices, odd ones numbers of tokens.
    scaled[key] = typeof rate === "number" ? rate * factor : rate.map((part, index) => (index % 2 === 0 ? part * factor : part));
  }
  return scaled;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isPrice(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isDate(value: unknown): value is string {
  return typeof value === "string" && DATE.test(value) && !Number.isNaN(Date.parse(value));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}...` : text;
}
