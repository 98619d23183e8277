import { seriesQuery, tableQuery } from "../panel-query.ts";
import { CALLS_OVER_TIME, SELECTED, STEP_SECONDS } from "./selection.ts";

/** What the database shows of the way to it: what came, when it came last, and what the tables hold. */
export const newestCall = tableQuery(
  ["value"],
  `
select extract(epoch from $__timeTo()::timestamptz - (
  select created_at from genai.llm_traces where created_at <= $__timeTo() order by created_at desc limit 1
))::double precision as value`,
);

export const newestSpan = tableQuery(
  ["value"],
  `
select extract(epoch from $__timeTo()::timestamptz - (
  select created_at from genai.spans where created_at <= $__timeTo() order by created_at desc limit 1
))::double precision as value`,
);

export const storedCalls = tableQuery(
  ["value"],
  `select coalesce(sum(calls), 0)::double precision as value from genai.calls($__timeFrom(), $__timeTo()) where ${SELECTED}`,
);

export const unknownShare = tableQuery(
  ["value"],
  `
select coalesce(sum(calls) filter (where 'unknown' in (service_name, environment, model_provider, model, operation)), 0)::double precision / nullif(sum(calls), 0) as value
from genai.calls($__timeFrom(), $__timeTo()) where ${SELECTED}`,
);

export const noUsageShare = tableQuery(
  ["value"],
  `
select coalesce(sum(calls) filter (where error_category is null and (cost_status = 'no_usage' or cost_status is null)), 0)::double precision
  / nullif(sum(calls) filter (where error_category is null), 0) as value
from genai.calls($__timeFrom(), $__timeTo()) where ${SELECTED}`,
);

export const databaseBytes = tableQuery(
  ["value"],
  "select sum(pg_total_relation_size(c.oid))::double precision as value from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'genai' and c.relkind = 'r' and $__timeTo()::timestamptz is not null",
);

export const callsByService = seriesQuery(
  ["service_name"],
  `
select bucket as time, service_name, sum(calls) / (${STEP_SECONDS} / 60.0) as value
from ${CALLS_OVER_TIME} where ${SELECTED}
group by 1, 2 order by 1`,
);

/** Seen in the range, with the time of its newest call: a service that fell silent has a large age. */
export const services = tableQuery(
  ["service_name", "environment", "calls", "last_minute", "age"],
  `
with seen as (
  select service_name, environment, sum(calls)::double precision as calls, max(bucket) as bucket
  from genai.calls($__timeFrom(), $__timeTo()) where ${SELECTED}
  group by 1, 2
)
select s.service_name, s.environment, s.calls, m.bucket as last_minute, extract(epoch from $__timeTo()::timestamptz - m.bucket)::double precision as age
from seen s cross join lateral (
  select max(c.bucket) as bucket from genai.calls_by_minute c
  where c.service_name = s.service_name and c.environment = s.environment and c.bucket >= s.bucket and c.bucket < s.bucket + interval '1 day'
) m
order by age`,
);

export const tables = tableQuery(
  ["table_name", "partitions", "rows", "bytes", "oldest_day", "newest_day"],
  `
select coalesce(parent.relname, c.relname) as table_name, count(*) filter (where parent.relname is not null) as partitions,
  sum(greatest(c.reltuples, 0))::double precision as rows, sum(pg_total_relation_size(c.oid))::double precision as bytes,
  to_char(to_date(min(substring(c.relname from '_([0-9]{8})$')), 'YYYYMMDD'), 'YYYY-MM-DD') as oldest_day,
  to_char(to_date(max(substring(c.relname from '_([0-9]{8})$')), 'YYYYMMDD'), 'YYYY-MM-DD') as newest_day
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_inherits i on i.inhrelid = c.oid left join pg_class parent on parent.oid = i.inhparent
where n.nspname = 'genai' and c.relkind = 'r' and $__timeTo()::timestamptz is not null
group by 1 order by bytes desc`,
);
