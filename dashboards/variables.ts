import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { VariableModel } from "@grafana/grafana-foundation-sdk/dashboard";
import { ERROR_CATEGORIES } from "../processor/core/categorization.ts";
import { DATASOURCE, POSTGRES } from "./postgres-target.ts";
import { TEMPO } from "./tempo-target.ts";

export type Variable = Builder<VariableModel>;

/** The uids that provisioning/grafana/datasources gives; in another Grafana the first data source of the type is taken. */
export const POSTGRES_UID = "genai-postgres";
export const TEMPO_UID = "genai-tempo";

const ALL = { text: "All", value: "$__all" };

export function postgresVariable(): Variable {
  return new DatasourceVariableBuilder("datasource")
    .label("Data source")
    .type(POSTGRES)
    .current({ text: "GenAI PostgreSQL", value: POSTGRES_UID });
}

export function tempoVariable(): Variable {
  return new DatasourceVariableBuilder("datasource").label("Data source").type(TEMPO).current({ text: "GenAI Tempo", value: TEMPO_UID });
}

/** Environment, service, provider, model, operation; see SELECTED in queries/selection.ts. */
export function filterVariables(): Variable[] {
  return [
    filter("environment", "Environment", "environment", "select distinct environment from genai.series order by 1"),
    filter(
      "service",
      "Service",
      "service_name",
      "select distinct service_name from genai.series where environment in ($environment) order by 1",
    ),
    filter(
      "provider",
      "Provider",
      "model_provider",
      "select distinct model_provider from genai.series where service_name in ($service) order by 1",
    ),
    filter("model", "Model", "model", "select distinct model from genai.series where model_provider in ($provider) order by 1"),
    filter("operation", "Operation", "operation", "select distinct operation from genai.series where model in ($model) order by 1"),
  ];
}

function filter(name: string, label: string, column: string, query: string): Variable {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .definition(query)
    .multi(true)
    .includeAll(true)
    .allValue(column)
    .current(ALL)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

export function categoryVariable(): Variable {
  return choice({ name: "category", label: "Error category", column: "error_category", values: ERROR_CATEGORIES });
}

export function statusVariable(): Variable {
  return choice({ name: "status", label: "Status", column: "status", values: ["completed", "failed"] });
}

function choice(options: { name: string; label: string; column: string; values: readonly string[] }): Variable {
  return new CustomVariableBuilder(options.name)
    .label(options.label)
    .values(options.values.join(","))
    .multi(true)
    .includeAll(true)
    .allValue(options.column)
    .current(ALL);
}

export function textVariable(name: string, label: string, value: string): Variable {
  return new TextBoxVariableBuilder(name).label(label).defaultValue(value).current({ text: value, value });
}
