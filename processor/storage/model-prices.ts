import type pg from "pg";
import type { PriceBook } from "../core/price-book.ts";
import { rateFor, ratesAt, STANDARD_TIER, type Rate } from "../core/prices/price-rows.ts";
import { DEFAULT_SCHEMA } from "./migrate.ts";

/** A row of genai.model_prices: USD per million tokens, null where the model has no such price. */
export interface ModelPriceRow {
  readonly provider: string;
  readonly model: string;
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly priceDate: string;
}

/** Prices that rise with the length of the prompt are taken at this length. */
const TYPICAL_INPUT_TOKENS = 10_000;

/** What every model of the book costs at that time, at the standard tier. */
export function modelPriceRows(book: PriceBook, atMs: number): ModelPriceRow[] {
  const rows = new Map<string, ModelPriceRow>();
  for (const provider of book.providers()) {
    for (const model of book.models(provider)) {
      const rates = ratesAt(model, atMs, STANDARD_TIER);
      const key = `${provider}\0${model.name}`;
      // The user's own prices come first and win.
      if (rates === null || rows.has(key)) continue;
      rows.set(key, {
        provider,
        model: model.name,
        input: priceOf(rates.input),
        output: priceOf(rates.output),
        cacheRead: priceOf(rates.cacheRead),
        cacheWrite: priceOf(rates.cacheWrite),
        priceDate: model.date,
      });
    }
  }
  return [...rows.values()];
}

const priceOf = (rate: Rate | undefined): number | null => (rate === undefined ? null : rateFor(rate, TYPICAL_INPUT_TOKENS));

/** Makes genai.model_prices say exactly this, in one statement; rows that say it already are not touched. */
export async function syncModelPrices(
  client: pg.ClientBase | pg.Pool,
  rows: readonly ModelPriceRow[],
  schema = DEFAULT_SCHEMA,
): Promise<void> {
  const table = `"${schema.replaceAll('"', '""')}".model_prices`;
  await client.query(
    `with wanted as (
       select * from unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::text[])
         w (provider, model, input, output, cache_read, cache_write, price_date)
     ), removed as (
       delete from ${table} p where not exists (select from wanted w where w.provider = p.provider and w.model = p.model)
     )
     insert into ${table} as p
       (provider, model, input_usd_per_million, output_usd_per_million, cache_read_usd_per_million, cache_write_usd_per_million, price_date)
     select * from wanted order by provider, model
     on conflict (provider, model) do update set
       input_usd_per_million = excluded.input_usd_per_million,
       output_usd_per_million = excluded.output_usd_per_million,
       cache_read_usd_per_million = excluded.cache_read_usd_per_million,
       cache_write_usd_per_million = excluded.cache_write_usd_per_million,
       price_date = excluded.price_date
     where p is distinct from excluded`,
    [
      rows.map(({ provider }) => provider),
      rows.map(({ model }) => model),
      rows.map(({ input }) => input),
      rows.map(({ output }) => output),
      rows.map(({ cacheRead }) => cacheRead),
      rows.map(({ cacheWrite }) => cacheWrite),
      rows.map(({ priceDate }) => priceDate),
    ],
  );
}
