-- Counts the attempts of the calls whose rows are still there, in the rollups of all three widths. Days that are known by
-- their rollups only keep `retried` alone. Gateways write meanwhile: what is added is what was missing when this looked, the
-- tables and rows in the gateways' order.

-- A gateway that waited for the columns still counts without them: what it has under way must be there when this looks.
do $do$
declare
  writers text[] := array(
    select distinct virtualtransaction from pg_locks
    where relation in ('llm_traces'::regclass, 'rollup_minute'::regclass) and mode = 'RowExclusiveLock' and pid <> pg_backend_pid()
  );
begin
  for round in 1 .. 1200 loop
    exit when not exists (select from pg_locks where locktype = 'virtualxid' and virtualxid = any(writers));
    perform pg_sleep(0.05);
  end loop;
end
$do$;

create temporary table attempts_of_before on commit drop as
with retried as (
  select utc_floor('1 minute', created_at) as bucket, coalesce(service_name, 'unknown') as service_name, coalesce(environment, 'unknown') as environment,
    coalesce(model_provider, 'unknown') as model_provider, coalesce(model, 'unknown') as model, coalesce(operation, 'unknown') as operation,
    error_category, retry_reason, cost_status,
    count(*) filter (where retry_count = 1) as once, count(*) filter (where retry_count = 2) as twice, count(*) filter (where retry_count > 2) as more
  from llm_traces
  where llm_call and retry_count > 0
  group by 1, 2, 3, 4, 5, 6, 7, 8, 9
)
select r.bucket, r.series_id, r.outcome_id, c.once - r.retried_once as once, c.twice - r.retried_twice as twice, c.more - r.retried_more as more
from retried c
join series s using (service_name, environment, model_provider, model, operation)
join outcomes o on o.error_category is not distinct from c.error_category and o.retry_reason is not distinct from c.retry_reason
  and o.cost_status is not distinct from c.cost_status
join rollup_minute r on r.bucket = c.bucket and r.series_id = s.id and r.outcome_id = o.id;

do $do$
declare
  tier record;
begin
  for tier in select * from (values ('minute', interval '1 minute'), ('hour', interval '1 hour'), ('day', interval '1 day')) t (name, width) loop
    execute format($sql$
      insert into rollup_%1$s as r (bucket, series_id, outcome_id, retried_once, retried_twice, retried_more)
        select utc_floor(%2$L, bucket), series_id, outcome_id, sum(once), sum(twice), sum(more)
        from attempts_of_before
        group by 1, 2, 3
        order by 1, 2, 3
      on conflict (bucket, series_id, outcome_id) do update set
        retried_once = r.retried_once + excluded.retried_once,
        retried_twice = r.retried_twice + excluded.retried_twice,
        retried_more = r.retried_more + excluded.retried_more
    $sql$, tier.name, tier.width);
  end loop;
end
$do$;
