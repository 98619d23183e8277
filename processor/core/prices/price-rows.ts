/** USD per million tokens: one number, or the base price followed by pairs of (from this many input tokens on, price). */
export type Rate = number | readonly number[];

/** What one kind of token costs; absent = nobody says. */
export interface RateCard {
  readonly input?: Rate;
  readonly output?: Rate;
  readonly cacheRead?: Rate;
  readonly cacheWrite?: Rate;
  readonly cacheWrite1h?: Rate;
  readonly inputAudio?: Rate;
  readonly inputImage?: Rate;
  readonly outputAudio?: Rate;
  readonly outputImage?: Rate;
}

/** Minutes of the UTC day, [start, end); on Saturdays and Sundays only before `weekendsExemptSinceMs`. */
interface DailyWindow {
  readonly startMinute: number;
  readonly endMinute: number;
  readonly weekendsExemptSinceMs: number;
}

export interface DatedRates {
  readonly sinceMs: number;
  readonly rates: RateCard;
  readonly window?: DailyWindow;
}

export interface TierRates {
  readonly tier: string;
  readonly sinceMs: number;
  /** Only what differs from the standard price. */
  readonly rates: RateCard;
}

/** Everything known of one model's price, over time and over tiers. */
export interface ModelPrices {
  /** The name it goes by in its source. */
  readonly name: string;
  /** Further names it answers to, in the notation of price-data.ts. */
  readonly names: readonly string[];
  /** The last one that is in force wins. */
  readonly rows: readonly DatedRates[];
  /** For each kind of token the first one that is in force wins. */
  readonly tiers: readonly TierRates[];
  /** Where the numbers come from, and of which day they are. */
  readonly source: string;
  readonly date: string;
}

/** The ordinary price. */
export const STANDARD_TIER = "standard";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4;

type PackedRates = Readonly<Record<string, Rate>>;
type PackedRow = readonly [since: string, rates: PackedRates, window?: readonly [number, number, string]];
type PackedTier = readonly [tier: string, since: string, rates: PackedRates];
type PackedModel = readonly [names: readonly string[], rows: PackedRates | readonly PackedRow[], tiers?: readonly PackedTier[]];

const PACKED_KEYS: readonly (readonly [string, keyof RateCard])[] = [
  ["i", "input"],
  ["o", "output"],
  ["r", "cacheRead"],
  ["w", "cacheWrite"],
  ["h", "cacheWrite1h"],
  ["ia", "inputAudio"],
  ["ii", "inputImage"],
  ["oa", "outputAudio"],
  ["oi", "outputImage"],
];

/** Reads one line of price-data.ts, which scripts/price-table.ts writes. */
export function unpackModel(line: string, source: string, date: string): ModelPrices {
  const [names, rows, tiers = []] = JSON.parse(line) as PackedModel;
  return {
    name: names[0] ?? "",
    names,
    rows: isDated(rows) ? rows.map(unpackRow) : [{ sinceMs: Number.NEGATIVE_INFINITY, rates: unpackRates(rows) }],
    tiers: tiers.map(([tier, since, rates]) => ({ tier, sinceMs: sinceMsOf(since), rates: unpackRates(rates) })),
    source,
    date,
  };
}

/** The rates in force for that tier at that time; null when the model had no price then, or the tier has none. */
export function ratesAt(model: ModelPrices, atMs: number, tier: string): RateCard | null {
  const standard = standardAt(model, atMs);
  if (standard === null || tier === STANDARD_TIER) return standard;
  const overrides = model.tiers.filter((row) => row.tier === tier && row.sinceMs <= atMs);
  return overrides.length === 0 ? null : overrides.reduceRight((card, row) => ({ ...card, ...row.rates }), standard);
}

/** Times for which something holds. */
export interface Validity {
  readonly fromMs: number;
  /** It holds before, and no more then. */
  readonly untilMs: number;
}

/** The time around that one in which `ratesAt` answers the same, whatever the tier. */
export function ratesHold({ rows, tiers }: ModelPrices, atMs: number): Validity {
  let fromMs = Number.NEGATIVE_INFINITY;
  let untilMs = Number.POSITIVE_INFINITY;
  for (const { sinceMs } of [...rows, ...tiers]) {
    if (sinceMs <= atMs) fromMs = Math.max(fromMs, sinceMs);
    else untilMs = Math.min(untilMs, sinceMs);
  }
  if (rows.every(({ window }) => window === undefined)) return { fromMs, untilMs };
  // Windows and their exemptions begin and end with a minute.
  const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  return { fromMs: Math.max(fromMs, minuteMs), untilMs: Math.min(untilMs, minuteMs + MINUTE_MS) };
}

function standardAt({ rows }: ModelPrices, atMs: number): RateCard | null {
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row !== undefined && row.sinceMs <= atMs && (row.window === undefined || isWithin(row.window, atMs))) return row.rates;
  }
  return null;
}

/** The price at a call's total input: the whole call is billed at the tier that its input reaches. */
export function rateFor(rate: Rate, totalInput: number): number {
  if (typeof rate === "number") return rate;
  let price = rate[0] ?? 0;
  for (let index = 1; index < rate.length; index += 2) {
    if (totalInput < (rate[index] ?? 0)) break;
    price = rate[index + 1] ?? price;
  }
  return price;
}

/** "" = always. Dates start at midnight UTC. */
export function sinceMsOf(since: string): number {
  return since === "" ? Number.NEGATIVE_INFINITY : Date.parse(`${since}T00:00:00Z`);
}

function isWithin(window: DailyWindow, atMs: number): boolean {
  const day = Math.floor(atMs / DAY_MS);
  const weekday = (day + EPOCH_WEEKDAY) % 7;
  if ((weekday === 0 || weekday === 6) && atMs >= window.weekendsExemptSinceMs) return false;
  const minute = (atMs - day * DAY_MS) / MINUTE_MS;
  const { startMinute, endMinute } = window;
  return startMinute <= endMinute ? minute >= startMinute && minute < endMinute : minute >= startMinute || minute < endMinute;
}

function isDated(rows: PackedRates | readonly PackedRow[]): rows is readonly PackedRow[] {
  return Array.isArray(rows);
}

function unpackRow([since, rates, window]: PackedRow): DatedRates {
  const row = { sinceMs: sinceMsOf(since), rates: unpackRates(rates) };
  if (window === undefined) return row;
  const [startMinute, endMinute, exempt] = window;
  return {
    ...row,
    window: { startMinute, endMinute, weekendsExemptSinceMs: exempt === "" ? Number.POSITIVE_INFINITY : sinceMsOf(exempt) },
  };
}

function unpackRates(packed: PackedRates): RateCard {
  const card: Partial<Record<keyof RateCard, Rate>> = {};
  for (const [short, key] of PACKED_KEYS) {
    const rate = packed[short];
    if (rate !== undefined) card[key] = rate;
  }
  return card;
}
