import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { SqlQuery } from "./panel-query.ts";

export const POSTGRES = "grafana-postgresql-datasource";

/** Every panel asks the data source that the dashboard's variable names. */
export const DATASOURCE = { type: POSTGRES, uid: "${datasource}" };

/** The foundation SDK has no builder for SQL data sources; this is the object that Grafana's own editor saves. */
export function postgresTarget(query: SqlQuery, refId = "A"): Builder<Dataquery> {
  const target = { refId, datasource: DATASOURCE, editorMode: "code", rawQuery: true, format: query.format, rawSql: query.text };
  return { build: () => ({ ...target, _implementsDataqueryVariant: () => undefined }) };
}
