import type { PriceFile } from "./price-file.ts";

/** Alibaba's Model Studio, international; numbers as LiteLLM 1.106.2 lists them (provider dashscope), cache shares from the page below. */
const MODEL_STUDIO = "https://www.alibabacloud.com/help/en/model-studio/models";
/** Implicit cache: hits 20 % of input, no write fee. Explicit cache: hits 10 %, writes 125 %. */
const ALIBABA_CACHE_SOURCE = "https://www.alibabacloud.com/help/en/model-studio/context-cache";

/** Hand-written prices of models that genai-prices lacks, in the format of a user's own price file. Each says where it is from. */
export const SUPPLEMENT: PriceFile = {
  date: "2026-10-21",
  models: [
    ...qwen("qwen-max", 1.6, 6.4),
    ...qwen("qwen-plus", 0.4, 1.2),
    ...qwen("qwen-coder", 0.3, 1.5),
    ...qwen("qwen3.7-max", 2.5, 7.5),
    ...qwen("qwen3-next-80b-a3b-instruct", 0.15, 1.2),
    ...qwen("qwen3-next-80b-a3b-thinking", 0.15, 1.2),
    ...qwen("qwq-plus", 0.8, 2.4),
    ...qwen("qwen3-vl-235b-a22b-instruct", 0.4, 1.6),
    ...qwen("qwen3-vl-235b-a22b-thinking", 0.4, 4),
    ...qwen("qwen3-vl-32b-instruct", 0.16, 0.64),
    ...qwen("qwen3-vl-32b-thinking", 0.16, 2.87),
    { provider: "alibaba_cloud", model: "qwen3.8-omni-flash", input: 0.15, output: 0.47, cacheRead: 0.016, source: MODEL_STUDIO },
    { provider: "alibaba_cloud", model: "qwen3.8-max", input: 2, output: 6, cacheRead: 0.25, source: MODEL_STUDIO },
    {
      provider: "alibaba_cloud",
      model: "qwen3.8-flash",
      input: 0.15,
      output: 0.47,
      cacheRead: 0.016,
      cacheWrite: 0.2,
      source: MODEL_STUDIO,
    },
    { provider: "alibaba_cloud", model: "glm-5.1", input: 1.4, output: 4.4, cacheRead: 0.26, source: MODEL_STUDIO },
    { provider: "alibaba_cloud", model: "glm-5.2", input: 1.4, output: 4.4, cacheRead: 0.28, source: MODEL_STUDIO },
    { provider: "alibaba_cloud", model: "kimi-k2.7-code", input: 0.95, output: 4, cacheRead: 0.19, source: MODEL_STUDIO },
    { provider: "alibaba_cloud", model: "deepseek-v4-flash", input: 0.2, output: 0.4, cacheRead: 0.04, source: MODEL_STUDIO },
    { provider: "alibaba_cloud", model: "deepseek-v4-pro", input: 2.4, output: 4.8, cacheRead: 0.2, source: MODEL_STUDIO },
    {
      provider: "alibaba_cloud",
      model: "qwen-flash",
      input: 0.05,
      output: 0.4,
      cacheRead: 0.01,
      longContext: { above: 256_000, input: 0.25, output: 2, cacheRead: 0.05 },
      source: MODEL_STUDIO,
    },
    {
      provider: "alibaba_cloud",
      model: "qwen3.5-plus",
      input: 0.4,
      output: 2.4,
      cacheRead: 0.08,
      longContext: { above: 256_000, input: 0.5, output: 3, cacheRead: 0.1 },
      source: MODEL_STUDIO,
    },
    {
      provider: "alibaba_cloud",
      model: "qwen3.7-plus",
      input: 0.4,
      output: 1.6,
      cacheRead: 0.08,
      longContext: { above: 256_000, input: 1.2, output: 4.8, cacheRead: 0.24 },
      source: MODEL_STUDIO,
    },
    {
      provider: "alibaba_cloud",
      model: "qwen3-max",
      input: 1.2,
      output: 6,
      cacheRead: 0.24,
      longContext: [
        { above: 32_000, input: 2.4, output: 12, cacheRead: 0.48 },
        { above: 128_000, input: 3, output: 15, cacheRead: 0.6 },
      ],
      source: MODEL_STUDIO,
    },
    {
      provider: "alibaba_cloud",
      model: "qwen3-coder-plus",
      input: 1,
      output: 5,
      cacheRead: 0.1,
      longContext: [
        { above: 32_000, input: 1.8, output: 9, cacheRead: 0.18 },
        { above: 128_000, input: 3, output: 15, cacheRead: 0.3 },
        { above: 256_000, input: 6, output: 60, cacheRead: 0.6 },
      ],
      source: MODEL_STUDIO,
    },
    {
      provider: "alibaba_cloud",
      model: "qwen3-coder-flash",
      input: 0.3,
      output: 1.5,
      cacheRead: 0.08,
      longContext: [
        { above: 32_000, input: 0.5, output: 2.5, cacheRead: 0.12 },
        { above: 128_000, input: 0.8, output: 4, cacheRead: 0.2 },
        { above: 256_000, input: 1.6, output: 9.6, cacheRead: 0.4 },
      ],
      source: MODEL_STUDIO,
    },
  ],
};

/** A Qwen model with one price: implicit cache, and the explicit one as a tier that a call says it used (`cache_type` in its usage). */
function qwen(model: string, input: number, output: number): PriceFile["models"] {
  const share = (part: number): number => Number((input * part).toPrecision(12));
  return [
    { provider: "alibaba_cloud", model, input, output, cacheRead: share(0.2), source: `${MODEL_STUDIO}, ${ALIBABA_CACHE_SOURCE}` },
    {
      provider: "alibaba_cloud",
      model,
      tier: "explicit-cache",
      cacheRead: share(0.1),
      cacheWrite: share(1.25),
      source: ALIBABA_CACHE_SOURCE,
    },
  ];
}
