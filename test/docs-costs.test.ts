import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { priceBookWith } from "../processor/core/price-book.ts";
import { renderCostsDoc } from "../scripts/docs-costs.ts";

const text = readFileSync(resolve(import.meta.dirname, "../docs/costs.md"), "utf8");

describe("docs/costs.md", () => {
  test("shows the numbers that the code computes", () => {
    expect(text, "run npm run docs").toBe(renderCostsDoc());
  });

  test("shows a price file that is one", () => {
    const [, json] = /```json\n(\{\n {2}"date"[\s\S]*?)```/.exec(text) ?? [];
    const book = priceBookWith(JSON.parse(json ?? ""));
    expect(book.find("vllm", "meta-llama/Llama-3.3-70B-Instruct").status).toBe("found");
    expect(book.find("my-gateway", "smart").status).toBe("found");
    expect(book.find("azure.ai.openai", "prod-chat").status).toBe("found");
  });
});
