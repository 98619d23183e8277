/** Addresses of the dashboards; files, alert rules and links all take them from here. */
export const DASHBOARD_UIDS = {
  overview: "genai-overview",
  providers: "genai-provider-comparison",
  errors: "genai-error-patterns",
  cost: "genai-cost-and-caching",
  retries: "genai-retries",
  calls: "genai-calls",
  trace: "genai-trace",
  pipeline: "genai-pipeline",
  runbooks: "genai-runbooks",
  tempoOverview: "genai-tempo-overview",
  tempoErrors: "genai-tempo-errors-and-retries",
  tempoCost: "genai-tempo-cost-and-caching",
} as const;

export type DashboardName = keyof typeof DASHBOARD_UIDS;

/** A link of a panel, a series or a table cell. */
export interface DataLink {
  readonly title: string;
  readonly url: string;
  readonly targetBlank?: boolean;
}

/** Filters that all PostgreSQL dashboards share and every link hands on. */
const FILTERS = ["environment", "service", "provider", "model", "operation"] as const;
export type Filter = (typeof FILTERS)[number];

/**
 * To another dashboard with the same time range and filters, some of them narrowed to what was clicked on:
 * `drillTo("errors", { provider: seriesLabel("model_provider") })`.
 */
export function drillTo(name: DashboardName, narrowed: Partial<Record<Filter | "category" | "status" | "user", string>> = {}): string {
  const kept = FILTERS.filter((filter) => !(filter in narrowed)).map((filter) => `\${${filter}:queryparam}`);
  const set = Object.entries(narrowed).map(([filter, value]) => `var-${filter}=${value}`);
  return `/d/${DASHBOARD_UIDS[name]}?${["${__url_time_range}", "${datasource:queryparam}", ...kept, ...set].join("&")}`;
}

/** Label of the series that was clicked on. */
export function seriesLabel(label: string): string {
  return `\${__field.labels.${label}:percentencode}`;
}

/** Cell of the row that was clicked on. */
export function rowValue(column: string): string {
  return `\${__data.fields.${column}:percentencode}`;
}

/** From a row with a trace id to the trace's dashboard. */
export const TRACE_LINK: DataLink = {
  title: "Open the trace",
  url: `/d/${DASHBOARD_UIDS.trace}?\${__url_time_range}&\${datasource:queryparam}&var-trace_id=\${__data.fields.trace_id}`,
};

export function callsLink(narrowed: Partial<Record<Filter | "status" | "user", string>>): DataLink {
  return { title: "List the calls", url: drillTo("calls", narrowed) };
}

export function failuresLink(narrowed: Partial<Record<Filter | "category", string>>): DataLink {
  return { title: "Show the failures", url: drillTo("errors", narrowed) };
}
