import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  PercentChangeColorMode,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableCellHeight,
  TableSortByFieldStateBuilder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { PanelBuilder as BarGaugeBuilder } from "@grafana/grafana-foundation-sdk/bargauge";
import {
  DashboardLinkBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  PanelBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { DashboardLink, DataTransformerConfig, DynamicConfigValue, ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard";
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TextBuilder, TextMode } from "@grafana/grafana-foundation-sdk/text";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { DataLink } from "./links.ts";
import type { Colors } from "./palette.ts";
import type { PanelQuery } from "./panel-query.ts";
import { isNamedByLabels, LABEL_AS_NAME, targetsOf } from "./panel-targets.ts";
import { DATASOURCE } from "./postgres-target.ts";
import { TEMPO_DATASOURCE } from "./tempo-target.ts";

/** Shown where a query has rows but no value: nothing was measured. */
const NO_VALUE = "–";

/** What every panel says about itself. The id is part of the panel's address, which alert rules use: it never changes. */
export interface PanelFrame {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  /** In columns of 24 and rows of the grid. */
  readonly width: number;
  readonly height: number;
  readonly query: PanelQuery;
}

/** Colour from a value on; the first step has no lower end. */
export type Steps = readonly (readonly [color: string, from: number | null])[];

/** The first step also colours what has no value: that is neither good nor bad. */
const LOWEST = -1e12;

/** Steps for a share of which less is better, and for one of which more is. */
export function lowIsGood(warning: number, critical: number): Steps {
  return [
    ["green", null],
    ["orange", warning],
    ["red", critical],
  ];
}
export function highIsGood(critical: number, warning: number): Steps {
  return [
    ["text", null],
    ["red", LOWEST],
    ["orange", critical],
    ["green", warning],
  ];
}
/** Money gained or lost. */
export const GAIN_OR_LOSS: Steps = [
  ["text", null],
  ["red", LOWEST],
  ["text", -0.000001],
  ["green", 0.000001],
];
const NEUTRAL: Steps = [["text", null]];

export interface StatOptions extends PanelFrame {
  readonly unit: string;
  readonly decimals?: number;
  readonly steps?: Steps;
  /** What to make of several rows; the last by default. "sum" for TraceQL counts over time. */
  readonly reduce?: "lastNotNull" | "sum";
  /** How to colour the change against the period before; leave out for a panel whose query has no such row. */
  readonly change?: "more is good" | "less is good" | "neither";
  readonly links?: readonly DataLink[];
}

export function statPanel(options: StatOptions): StatBuilder {
  const panel = framed(new StatBuilder(), options)
    .unit(options.unit)
    .thresholds(thresholds(options.steps ?? NEUTRAL))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .reduceOptions(
      new ReduceDataOptionsBuilder()
        .calcs([options.reduce ?? "lastNotNull"])
        .fields("")
        .values(false),
    )
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(BigValueTextMode.Value)
    .wideLayout(false)
    .text(new VizTextDisplayOptionsBuilder().valueSize(28).percentSize(14));
  if (options.decimals !== undefined) panel.decimals(options.decimals);
  if (options.links !== undefined) panel.dataLinks(options.links.map(linkOf));
  if (options.change !== undefined) panel.showPercentChange(true).percentChangeColorMode(CHANGE_COLORS[options.change]);
  return panel;
}

const CHANGE_COLORS = {
  "more is good": PercentChangeColorMode.Standard,
  "less is good": PercentChangeColorMode.Inverted,
  neither: PercentChangeColorMode.SameAsValue,
} as const;

/** A stat that shows words, from a query with one text column. */
export function wordPanel(options: PanelFrame & { readonly links?: readonly DataLink[] }): StatBuilder {
  return statPanel({ ...options, unit: "string" })
    .text(new VizTextDisplayOptionsBuilder().valueSize(18))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("/.*/").values(false));
}

export interface SeriesOptions extends PanelFrame {
  readonly unit: string;
  readonly decimals?: number;
  /** Name of a series, "${__field.labels.model_provider}" for example; without it the value's column. */
  readonly name?: string;
  /** "lines" for rates, shares and times, "bars" for amounts that add up. */
  readonly draw: "lines" | "bars";
  readonly calcs?: readonly string[];
  readonly max?: number;
  /** Fixed colours by the name of the series; others come from the palette. */
  readonly colors?: Colors;
  /** false: the axis begins where the values do; for shares near 1. */
  readonly fromZero?: boolean;
  /** Drawn as a line when it is what an alert compares with. */
  readonly steps?: Steps;
  readonly links?: readonly DataLink[];
  readonly legend?: "bottom" | "right";
}

export function seriesPanel(options: SeriesOptions): TimeseriesBuilder {
  const stacked = options.draw === "bars";
  const panel = framed(new TimeseriesBuilder(), options)
    .unit(options.unit)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .drawStyle(stacked ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .lineWidth(stacked ? 0 : 2)
    .fillOpacity(stacked ? 80 : 0)
    .stacking(new StackingConfigBuilder().mode(stacked ? StackingMode.Normal : StackingMode.None).group("A"))
    .showPoints(VisibilityMode.Auto)
    // Quiet hours have no row; the line goes on to the next point instead of breaking up.
    .spanNulls(true)
    .axisBorderShow(false)
    .legend(seriesLegend(options))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (options.fromZero !== false) panel.min(0);
  if (options.decimals !== undefined) panel.decimals(options.decimals);
  for (const [name, fixedColor] of Object.entries(options.colors ?? {})) {
    panel.overrideByName(name, [{ id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor } }]);
  }
  if (options.name !== undefined) panel.displayName(options.name);
  if (options.max !== undefined) panel.max(options.max);
  if (options.links !== undefined) panel.dataLinks(options.links.map(linkOf));
  if (options.steps !== undefined) {
    panel
      .thresholds(thresholds(options.steps))
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return panel;
}

function seriesLegend(options: SeriesOptions): VizLegendOptionsBuilder {
  const calcs = options.calcs ?? (options.draw === "bars" ? ["mean", "max"] : ["mean", "max", "lastNotNull"]);
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.Table)
    .placement(options.legend === "right" ? LegendPlacement.Right : LegendPlacement.Bottom)
    .calcs([...calcs]);
}

export interface Column {
  readonly title: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly width?: number;
  /** "text" and "background" colour by the steps; "bar" draws a gauge from 0 to max. */
  readonly cell?: "text" | "background" | "bar";
  readonly steps?: Steps;
  readonly max?: number;
  readonly words?: Readonly<Record<string, string>>;
  readonly links?: readonly DataLink[];
  readonly hidden?: boolean;
  readonly wrap?: boolean;
}

export interface TableOptions extends PanelFrame {
  readonly columns: Readonly<Record<string, Column>>;
  readonly sortBy?: string;
}

/** Columns show in the order of the query; each has its own unit, so the panel's own is a plain number. */
export function tablePanel(options: TableOptions): TableBuilder {
  const panel = framed(new TableBuilder(), options)
    .unit("short")
    .thresholds(thresholds(NEUTRAL))
    .cellHeight(TableCellHeight.Sm)
    .filterable(false)
    .showHeader(true);
  for (const [name, column] of Object.entries(options.columns)) panel.overrideByName(name, columnProperties(column));
  if (options.sortBy !== undefined) panel.sortBy([new TableSortByFieldStateBuilder().displayName(options.sortBy).desc(true)]);
  return panel;
}

function columnProperties(column: Column): DynamicConfigValue[] {
  const properties: (DynamicConfigValue | undefined)[] = [
    { id: "displayName", value: column.title },
    column.unit === undefined ? undefined : { id: "unit", value: column.unit },
    column.decimals === undefined ? undefined : { id: "decimals", value: column.decimals },
    column.width === undefined ? undefined : { id: "custom.width", value: column.width },
    column.hidden === true ? { id: "custom.hideFrom.viz", value: true } : undefined,
    column.cell === undefined && column.wrap !== true ? undefined : { id: "custom.cellOptions", value: cellOptions(column) },
    column.cell === "bar" ? { id: "min", value: 0 } : undefined,
    column.max === undefined ? undefined : { id: "max", value: column.max },
    column.steps === undefined ? undefined : { id: "thresholds", value: thresholds(column.steps).build() },
    column.cell === undefined || column.words !== undefined ? undefined : { id: "color", value: { mode: FieldColorModeId.Thresholds } },
    column.words === undefined ? undefined : { id: "mappings", value: [wordMapping(column.words)] },
    column.links === undefined ? undefined : { id: "links", value: column.links.map(({ title, url }) => ({ title, url })) },
  ];
  return properties.filter((property) => property !== undefined);
}

const CELL_OPTIONS = {
  bar: { type: "gauge", mode: "basic", valueDisplayMode: "text" },
  background: { type: "color-background", mode: "basic" },
  text: { type: "color-text" },
} as const;

function cellOptions(column: Column): Readonly<Record<string, unknown>> {
  return column.cell === undefined ? { type: "auto", wrapText: column.wrap === true } : CELL_OPTIONS[column.cell];
}

function wordMapping(words: Readonly<Record<string, string>>): ValueMapping {
  return {
    type: MappingType.ValueToText,
    options: Object.fromEntries(Object.entries(words).map(([word, color], index) => [word, { color, index, text: word }])),
  };
}

export interface BarsOptions extends PanelFrame {
  readonly unit: string;
  readonly reduce?: "lastNotNull" | "sum";
  readonly colors?: Colors;
  readonly decimals?: number;
  readonly links?: readonly DataLink[];
}

/** One horizontal bar per row of a table with one text and one number column, or per series. */
export function barsPanel(options: BarsOptions): BarGaugeBuilder {
  // A bar's length is its part of the largest row; of series, Grafana would take the largest single point for that.
  const totals = options.query.language !== "sql" && options.reduce === "sum";
  const perSeries = options.query.language !== "sql" && !totals;
  const panel = framed(new BarGaugeBuilder(), options)
    .unit(options.unit)
    .min(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor("blue"))
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .namePlacement(BarGaugeNamePlacement.Left)
    .showUnfilled(false)
    .text(new VizTextDisplayOptionsBuilder().titleSize(13).valueSize(18))
    .reduceOptions(
      new ReduceDataOptionsBuilder()
        .calcs([options.reduce ?? "lastNotNull"])
        .fields("")
        .values(!perSeries),
    );
  if (totals) panel.withTransformation({ id: "reduce", options: { reducers: ["sum"], mode: "seriesToRows" } });
  for (const [name, fixedColor] of Object.entries(options.colors ?? {})) {
    panel.overrideByName(name, [{ id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor } }]);
  }
  if (options.decimals !== undefined) panel.decimals(options.decimals);
  if (options.links !== undefined) panel.dataLinks(options.links.map(linkOf));
  return panel;
}

/** Columns of the query are the rows of the map, in their order from below. */
export function heatmapPanel(options: PanelFrame): HeatmapBuilder {
  return framed(new HeatmapBuilder(), options)
    .unit("short")
    .calculate(false)
    .color(
      new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme("Blues").steps(64).exponent(0.5).reverse(false).fill("blue"),
    )
    .yAxis(new YAxisConfigBuilder().unit("short"))
    .cellGap(1)
    .showLegend();
}

/** Explains what a reader cannot see; has no query. */
export function textPanel(options: Omit<PanelFrame, "query"> & { readonly content: string }): TextBuilder {
  return new TextBuilder()
    .id(options.id)
    .title(options.title)
    .description(options.description)
    .span(options.width)
    .height(options.height)
    .mode(TextMode.Markdown)
    .content(options.content);
}

/** Grafana's own list of alert rules, limited to this project's folder by their label. */
export function alertListPanel(options: Omit<PanelFrame, "query">): PanelBuilder {
  return plainPanel("alertlist", options, {
    alertInstanceLabelFilter: '{team="genai"}',
    dashboardAlerts: false,
    groupMode: "default",
    maxItems: 20,
    sortOrder: 3,
    stateFilter: { error: true, firing: true, noData: false, normal: false, pending: true, recovering: true },
    viewMode: "list",
  });
}

/** Grafana's trace view on rows with its column names (traceID, spanID, ...). `tags` columns arrive as JSON text. */
export function waterfallPanel(options: PanelFrame): PanelBuilder {
  return framed(plainPanel("traces", options, {}), options).withTransformation({
    id: "convertFieldType",
    options: { conversions: ["tags", "serviceTags"].map((targetField) => ({ targetField, destinationType: "other" })), fields: {} },
  });
}

function plainPanel(type: string, options: Omit<PanelFrame, "query">, own: Readonly<Record<string, unknown>>): PanelBuilder {
  const builder = new PanelBuilder()
    .id(options.id)
    .title(options.title)
    .description(options.description)
    .span(options.width)
    .height(options.height);
  const build = builder.build.bind(builder);
  builder.build = () => ({ ...build(), type, options: own });
  return builder;
}

interface FramedBuilder {
  id(id: number): this;
  title(title: string): this;
  description(description: string): this;
  span(width: number): this;
  height(height: number): this;
  datasource(datasource: { type: string; uid: string }): this;
  noValue(text: string): this;
  withTarget(target: Builder<Dataquery>): this;
  withTransformation(transformation: DataTransformerConfig): this;
}

function framed<T extends FramedBuilder>(builder: T, frame: PanelFrame): T {
  builder
    .id(frame.id)
    .title(frame.title)
    .description(frame.description)
    .span(frame.width)
    .height(frame.height)
    .datasource(frame.query.language === "sql" ? DATASOURCE : TEMPO_DATASOURCE)
    .noValue(NO_VALUE);
  for (const target of targetsOf(frame.query)) builder.withTarget(target);
  if (isNamedByLabels(frame.query)) builder.withTransformation(LABEL_AS_NAME);
  return builder;
}

function thresholds(steps: Steps): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps.map(([color, value]) => ({ color, value })));
}

function linkOf(link: DataLink): Builder<DashboardLink> {
  return new DashboardLinkBuilder(link.title).url(link.url).targetBlank(link.targetBlank ?? false);
}
