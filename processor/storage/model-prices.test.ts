import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../../test/support/database.ts";
import { DEFAULT_PRICE_BOOK } from "../core/price-book.ts";
import { priceCall } from "../core/price-call.ts";
import { modelPriceRows, syncModelPrices } from "./model-prices.ts";

const AT_MS = Date.UTC(2026, 10, 20);
let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

test("a row's prices are what pricing a call of that model comes to", () => {
  const rows = modelPriceRows(DEFAULT_PRICE_BOOK, AT_MS);
  expect(rows.length).toBeGreaterThan(100);
  for (const [provider, model] of [
    ["openai", "gpt-5"],
    ["anthropic", "claude-haiku-4-5"],
    ["deepseek", "deepseek-chat"],
  ] as const) {
    const row = rows.find((candidate) => candidate.provider === provider && candidate.model === model);
    const priced = priceCall(
      { provider, model, atMs: AT_MS, attributes: { "gen_ai.usage.input_tokens": 10_000, "gen_ai.usage.output_tokens": 1_000 } },
      DEFAULT_PRICE_BOOK,
    );
    expect(priced.costUsd).toBeCloseTo(((row?.input ?? 0) * 10_000 + (row?.output ?? 0) * 1_000) / 1e6, 12);
  }
});

test("the table says exactly what was given last, and an unchanged row is not written again", async () => {
  const row = { provider: "p", model: "m", input: 1, output: 2, cacheRead: null, cacheWrite: null, priceDate: "2026-11-01" };
  await syncModelPrices(database.pool, [row, { ...row, model: "gone" }]);
  const version = async (): Promise<unknown> =>
    (await database.pool.query("select model, output_usd_per_million as output, xmin::text from genai.model_prices order by 1")).rows;
  await syncModelPrices(database.pool, [row]);
  const before = await version();
  expect(before).toEqual([{ model: "m", output: 2, xmin: expect.any(String) }]);
  await syncModelPrices(database.pool, [row]);
  expect(await version()).toEqual(before);
  await syncModelPrices(database.pool, modelPriceRows(DEFAULT_PRICE_BOOK, AT_MS));
  expect((await database.pool.query("select from genai.model_prices")).rowCount).toBe(modelPriceRows(DEFAULT_PRICE_BOOK, AT_MS).length);
});
