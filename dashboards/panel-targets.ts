import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { PanelQuery } from "./panel-query.ts";
import { postgresTarget } from "./postgres-target.ts";
import { tempoRatioTargets, tempoTarget } from "./tempo-target.ts";

/** What a panel sends to its data source. */
export function targetsOf(query: PanelQuery): Builder<Dataquery>[] {
  switch (query.language) {
    case "sql":
      return [postgresTarget(query)];
    case "traceql":
      return [tempoTarget(query)];
    case "traceql-ratio":
      return tempoRatioTargets(query);
  }
}

/** Quotients are named by their labels, {span.gen_ai.provider.name="\\"openai\\""} for example: only the value is kept. */
export const LABEL_AS_NAME = { id: "renameByRegex", options: { regex: '^.*?([\\w.:-]+)[\\\\"}]*$', renamePattern: "$1" } };

export function isNamedByLabels(query: PanelQuery): boolean {
  return query.language === "traceql-ratio" || (query.language === "traceql" && query.kind === "range" && query.text.includes(" by ("));
}
