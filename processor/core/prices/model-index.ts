import { modelNameCandidates } from "./model-name.ts";
import type { ModelPrices } from "./price-rows.ts";

/** Models of one provider by the names they answer to. */
export interface ModelIndex {
  readonly models: readonly ModelPrices[];
  find(model: string): ModelPrices | null;
}

/** Of two models with one name the first is found; a name that is given outright goes before one that a star covers. */
export function indexModels(models: readonly ModelPrices[]): ModelIndex {
  const byName = new Map<string, ModelPrices>();
  const add = (name: string, model: ModelPrices): void => {
    if (!byName.has(name)) byName.set(name, model);
  };
  for (const model of models) for (const name of model.names) add(name, model);
  for (const model of models) {
    for (const name of model.names) {
      if (!name.includes("*", 1) && !name.startsWith("*")) continue;
      const plain = name.replace(/^\*|\*$/g, "");
      add(plain, model);
      if (name.startsWith("*")) add(`*${plain}`, model);
      if (name.endsWith("*")) add(`${plain}*`, model);
    }
  }
  return {
    models,
    find(model) {
      for (const name of modelNameCandidates(model)) {
        const found = byName.get(name);
        if (found !== undefined) return found;
      }
      return null;
    },
  };
}
