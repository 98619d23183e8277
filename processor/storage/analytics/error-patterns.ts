import { ERROR_CATEGORIES, type ErrorCategory } from "../../core/categorization.ts";
import { SUGGESTED_ACTIONS } from "../../core/suggested-action.ts";
import { percent, quotedSchema, timesOf, type Queryable, type TimeRange } from "./time-range.ts";

export interface ErrorPattern {
  readonly category: string;
  readonly count: number;
  /** Of all failures. */
  readonly percentage: number;
  readonly avgDurationMs: number;
  /** Most failures first. */
  readonly affectedProviders: readonly string[];
  readonly suggestedAction: string;
}

export interface ErrorPatterns {
  /** Most frequent first. */
  readonly patterns: readonly ErrorPattern[];
  /** Failures by category; calls of the same bucket beside them, to see a rate. */
  readonly overTime: readonly { readonly time: string; readonly category: string; readonly count: number; readonly calls: number }[];
  /** Where failures are, most failures first; errorRate in percent. */
  readonly operations: readonly AffectedOperation[];
}

export interface AffectedOperation {
  readonly service: string;
  readonly operation: string;
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
  readonly count: number;
  readonly errorRate: number;
  readonly topCategory: string;
}

/** Points of overTime at most. */
const BUCKETS_MAX = 200;
const OPERATIONS_MAX = 50;
/** Widths of a bucket, in seconds: one is taken so that BUCKETS_MAX is kept. */
const STEPS_S = [60, 300, 900, 3_600, 10_800, 21_600, 86_400] as const;

export const errorPatternsSql = (schema: string): string => `
select error_category as category, model_provider as provider, sum(failed)::float8 as count, sum(duration_ms) as duration_ms
from ${schema}.calls($1, $2)
where error_category is not null
group by 1, 2
having sum(failed) > 0
order by 3 desc, 1, 2`;

/** $3: the width of a bucket. */
export const errorsOverTimeSql = (schema: string): string => `
with counted as (
  select bucket, error_category, sum(calls)::float8 as calls
  from ${schema}.calls_over_time($1, $2, $3)
  group by 1, 2
), buckets as (
  select bucket, sum(calls) as calls from counted group by 1
)
select bucket as time, error_category as category, c.calls as count, b.calls
from counted c join buckets b using (bucket)
where error_category is not null and c.calls > 0
order by 1, 3 desc, 2`;

export const affectedOperationsSql = (schema: string): string => `
with counted as (
  select service_name, operation, model_provider, model, error_category, sum(calls)::float8 as calls, sum(failed)::float8 as failed
  from ${schema}.calls($1, $2)
  group by 1, 2, 3, 4, 5
)
select service_name as service, operation, model_provider as provider, model, sum(calls) as calls, sum(failed) as count,
  (array_agg(error_category order by failed desc, error_category) filter (where failed > 0))[1] as "topCategory"
from counted
group by 1, 2, 3, 4
having sum(failed) > 0
order by sum(failed) desc, 1, 2, 3, 4
limit ${OPERATIONS_MAX}`;

/** GET /api/analytics/error-patterns. */
export async function errorPatterns(db: Queryable, range: TimeRange): Promise<ErrorPatterns> {
  const schema = quotedSchema(range);
  const times = timesOf(range);
  const failures = await db.query<FailureRow>(errorPatternsSql(schema), times);
  const overTime = await db.query<OverTimeRow>(errorsOverTimeSql(schema), [...times, stepFor(range.sinceMs)]);
  const operations = await db.query<Omit<AffectedOperation, "errorRate">>(affectedOperationsSql(schema), times);
  return {
    patterns: patternsOf(failures.rows),
    overTime: overTime.rows.map(({ time, category, count, calls }) => ({ time: time.toISOString(), category, count, calls })),
    operations: operations.rows.map((row) => ({ ...row, errorRate: percent(row.count, row.calls) })),
  };
}

interface FailureRow {
  readonly category: string;
  readonly provider: string;
  readonly count: number;
  readonly duration_ms: number;
}

interface OverTimeRow {
  readonly time: Date;
  readonly category: string;
  readonly count: number;
  readonly calls: number;
}

function patternsOf(rows: readonly FailureRow[]): ErrorPattern[] {
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const byCategory = new Map<string, FailureRow[]>();
  for (const row of rows) byCategory.set(row.category, [...(byCategory.get(row.category) ?? []), row]);
  return [...byCategory]
    .map(([category, group]) => patternOf(category, group, total))
    .sort((a, b) => b.count - a.count || (a.category < b.category ? -1 : 1));
}

function patternOf(category: string, rows: readonly FailureRow[], total: number): ErrorPattern {
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const durationMs = rows.reduce((sum, row) => sum + row.duration_ms, 0);
  return {
    category,
    count,
    percentage: percent(count, total),
    avgDurationMs: durationMs / count,
    affectedProviders: rows.map(({ provider }) => provider),
    suggestedAction: SUGGESTED_ACTIONS[isErrorCategory(category) ? category : "unknown"],
  };
}

function isErrorCategory(category: string): category is ErrorCategory {
  return (ERROR_CATEGORIES as readonly string[]).includes(category);
}

function stepFor(sinceMs: number): string {
  const seconds = STEPS_S.find((step) => sinceMs / 1000 / step <= BUCKETS_MAX) ?? STEPS_S.at(-1);
  return `${seconds} seconds`;
}
