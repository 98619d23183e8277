import { seriesQuery, tableQuery, wideSeriesQuery } from "../panel-query.ts";
import { STEP } from "./selection.ts";

/** What the gateways say of themselves, once a minute each. Counts of a row are those since the row before: they are summed as they are. */
const SAMPLES = "genai.gateway_samples where $__timeFilter(sampled_at)";
const BUCKET = `genai.utc_floor(${STEP}, sampled_at)`;
/** Minutes that the samples of a group cover, whole processes of it side by side: what a bucket covers that is still filling, too. */
const MINUTES =
  "(greatest(1, extract(epoch from max(sampled_at) - min(sampled_at - make_interval(secs => seconds)))::double precision) / 60)";
/** A process that says nothing for so long has ended. */
const ALIVE = "interval '3 minutes'";

export const newestSample = tableQuery(
  ["value"],
  `
select extract(epoch from $__timeTo()::timestamptz - (
  select sampled_at from genai.gateway_samples where sampled_at <= $__timeTo() order by sampled_at desc limit 1
))::double precision as value`,
);

export const processes = tableQuery(
  ["value"],
  `
select count(distinct instance)::double precision as value from genai.gateway_samples
where sampled_at > $__timeTo()::timestamptz - ${ALIVE} and sampled_at <= $__timeTo()`,
);

export const received = tableQuery(["value"], `select coalesce(sum(received_spans), 0)::double precision as value from ${SAMPLES}`);

export const refused = tableQuery(
  ["value"],
  `select coalesce(sum(refused_spans + refused_requests), 0)::double precision as value from ${SAMPLES}`,
);

export const lost = tableQuery(["value"], `select coalesce(sum(lost_spans), 0)::double precision as value from ${SAMPLES}`);

/** Of the processes that live at the end of the range. */
export const backlog = tableQuery(
  ["value"],
  `
select coalesce(max(spool_age_ms), 0) / 1000 as value
from (
  select distinct on (instance) spool_age_ms from genai.gateway_samples
  where sampled_at > $__timeTo()::timestamptz - ${ALIVE} and sampled_at <= $__timeTo()
  order by instance, sampled_at desc
) newest`,
);

export const storeTime = tableQuery(
  ["value"],
  `select sum(store_p99_ms * store_writes) / nullif(sum(store_writes), 0) / 1000 as value from ${SAMPLES}`,
);

export const eventLoop = tableQuery(["value"], `select max(event_loop_p99_ms) / 1000 as value from ${SAMPLES}`);

export const spansPerMinute = wideSeriesQuery(
  ["received", "stored", "duplicate", "forwarded", "refused", "lost"],
  `
select ${BUCKET} as time, sum(received_spans) / ${MINUTES} as received, sum(stored_spans) / ${MINUTES} as stored, sum(duplicate_spans) / ${MINUTES} as duplicate,
  sum(forwarded_spans) / ${MINUTES} as forwarded, sum(refused_spans) / ${MINUTES} as refused, sum(lost_spans) / ${MINUTES} as lost
from ${SAMPLES}
group by 1 order by 1`,
);

/** "all" is there when nothing is refused, too. */
export const refusedByReason = seriesQuery(
  ["reason"],
  `
with buckets as (
  select ${BUCKET} as time, ${MINUTES} as minutes, sum(refused_spans + refused_requests) as refused from ${SAMPLES} group by 1
),
reasons as (
  select ${BUCKET} as time, r.key as reason, sum(r.value::bigint) as refused
  from genai.gateway_samples, jsonb_each_text(refused_by_reason) r
  where $__timeFilter(sampled_at)
  group by 1, 2
)
select time, 'all' as reason, refused / minutes as value from buckets
union all
select time, reason, r.refused / minutes from reasons r join buckets using (time)
order by 1`,
);

/** Each process's largest of a bucket, summed: a spool that fills shows although it is empty again at the end. */
export const spool = wideSeriesQuery(
  ["bytes", "age"],
  `
select time, sum(bytes)::double precision as bytes, max(age_ms) / 1000 as age
from (select ${BUCKET} as time, instance, max(spool_bytes) as bytes, max(spool_age_ms) as age_ms from ${SAMPLES} group by 1, 2) processes
group by 1 order by 1`,
);

/** Quantiles of minutes and processes, weighed by what they are quantiles of. */
export const times = wideSeriesQuery(
  ["answer p50", "answer p99", "store p99", "forward p99"],
  `
select ${BUCKET} as time, sum(request_p50_ms * requests) / nullif(sum(requests), 0) / 1000 as "answer p50", sum(request_p99_ms * requests) / nullif(sum(requests), 0) / 1000 as "answer p99",
  sum(store_p99_ms * store_writes) / nullif(sum(store_writes), 0) / 1000 as "store p99", sum(forward_p99_ms * forward_writes) / nullif(sum(forward_writes), 0) / 1000 as "forward p99"
from ${SAMPLES}
group by 1 order by 1`,
);

export const batchSize = wideSeriesQuery(
  ["stored", "forwarded"],
  `
select ${BUCKET} as time, sum(stored_spans + duplicate_spans)::double precision / nullif(sum(store_writes), 0) as stored,
  sum(forwarded_spans)::double precision / nullif(sum(forward_writes), 0) as forwarded
from ${SAMPLES}
group by 1 order by 1`,
);

/** One row per process that said something in the range, the newest first; how it is, by its last word. */
export const eachProcess = tableQuery(
  ["instance", "age", "per_minute", "refused", "failures", "spool_bytes", "event_loop", "cpu", "rss"],
  `
with sums as (
  select instance, max(sampled_at) as newest, sum(received_spans) / ${MINUTES} as per_minute, sum(refused_spans + refused_requests)::double precision as refused,
    sum(store_failures + forward_failures)::double precision as failures, sum(cpu_ms) / nullif(sum(seconds), 0) / 1000 as cpu
  from ${SAMPLES}
  group by 1
)
select s.instance, extract(epoch from $__timeTo()::timestamptz - s.newest)::double precision as age, s.per_minute, s.refused, s.failures,
  n.spool_bytes::double precision as spool_bytes, n.event_loop_p99_ms / 1000 as event_loop, s.cpu, n.rss_bytes::double precision as rss
from sums s join genai.gateway_samples n on n.sampled_at = s.newest and n.instance = s.instance
order by s.newest desc limit 50`,
);
