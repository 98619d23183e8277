import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { DASHBOARD_UIDS } from "./links.ts";
import type { DashboardName } from "./links.ts";
import type { Variable } from "./variables.ts";

export const POSTGRES_TAG = "genai-postgres";
export const TEMPO_TAG = "genai-tempo";

/** Grafana's current classic schema. */
const SCHEMA_VERSION = 42;

type PanelSource = Builder<Panel>;

export interface DashboardOptions {
  readonly name: DashboardName;
  readonly title: string;
  readonly description: string;
  readonly store: "postgres" | "tempo";
  readonly from?: string;
  readonly variables: readonly Variable[];
  readonly panels: readonly PanelSource[];
}

/** What all dashboards share: address, links among each other that keep time and filters, cursor, no editing in the browser. */
export function dashboardOf(options: DashboardOptions): Dashboard {
  const tag = options.store === "postgres" ? POSTGRES_TAG : TEMPO_TAG;
  const builder = new DashboardBuilder(options.title)
    .uid(DASHBOARD_UIDS[options.name])
    .description(options.description)
    .tags(["genai", tag])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: options.from ?? "now-7d", to: "now" })
    .timezone("browser")
    .annotation(alertStates())
    .link(new DashboardLinkBuilder("GenAI").type(DashboardLinkType.Dashboards).tags([tag]).includeVars(true).keepTime(true));
  for (const variable of options.variables) builder.withVariable(variable);
  for (const panel of options.panels) builder.withPanel(panel);
  return { ...builder.build(), id: null, schemaVersion: SCHEMA_VERSION };
}

/** Grafana's own annotations, which mark when an alert rule of a panel changed its state. */
function alertStates(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name("Alert states")
    .datasource({ type: "grafana", uid: "-- Grafana --" })
    .builtIn(1)
    .enable(true)
    .hide(true)
    .iconColor("rgba(0, 211, 255, 1)")
    .type("dashboard");
}
