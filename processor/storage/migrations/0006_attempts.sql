-- How many attempts calls took: retried calls by the number of their retries. Short, because the rollups are locked meanwhile;
-- the calls of before are counted by the next migration. Gateways of before go on writing: what they count is in `retried`
-- and in none of the three.

do $do$
declare
  tier record;
begin
  for tier in select * from (values ('minute', interval '1 minute'), ('hour', interval '1 hour'), ('day', interval '1 day')) t (name, width) loop
    execute format($sql$
      alter table rollup_%1$s
        add column retried_once bigint not null default 0,
        add column retried_twice bigint not null default 0,
        add column retried_more bigint not null default 0;
      comment on column rollup_%1$s.retried_once is 'Calls with retry_count = 1: two attempts';
      comment on column rollup_%1$s.retried_twice is 'Calls with retry_count = 2: three attempts';
      comment on column rollup_%1$s.retried_more is 'Calls with retry_count > 2: four attempts and more';

      create or replace view calls_by_%1$s as
        select r.bucket, s.service_name, s.environment, s.model_provider, s.model, s.operation,
          case when o.error_category is null then 'completed' else 'failed' end as status,
          o.error_category, o.retry_reason, o.cost_status,
          r.calls, case when o.error_category is null then 0 else r.calls end as failed,
          r.retried, r.retries, r.repeats, r.first_failed, r.retryable, r.error_retry_after_ms, r.retry_wait_ms,
          r.duration_ms, r.ttft_ms, r.ttft_calls, r.output_tokens_per_second, r.output_rate_calls, r.cached_calls,
          r.input_tokens, r.output_tokens, r.cache_read_input_tokens, r.cache_creation_input_tokens, r.reasoning_tokens,
          r.cost_usd, r.cost_input_usd, r.cost_cache_read_usd, r.cost_cache_write_usd, r.cost_output_usd,
          r.cost_without_cache_usd, r.cache_savings_usd,
          case when o.error_category is null then 0 else r.cost_usd end as wasted_usd,
          case when o.cost_status in ('priced', 'ambiguous_usage') then r.calls else 0 end as priced_calls,
          r.retried_once, r.retried_twice, r.retried_more
        from rollup_%1$s r join series s on s.id = r.series_id join outcomes o on o.id = r.outcome_id;
    $sql$, tier.name);
  end loop;
  -- In a loop of its own: add_calls_* of every width take rows of rollup_minute.
  for tier in select * from (values ('minute', interval '1 minute'), ('hour', interval '1 hour'), ('day', interval '1 day')) t (name, width) loop
    execute format($sql$
      create or replace function add_calls_%1$s(rows rollup_minute[]) returns void
      language plpgsql
      set search_path from current
      as $body$
      begin
        insert into rollup_%1$s as r
          select utc_floor(%2$L, bucket), series_id, outcome_id,
            sum(coalesce(calls, 0)), sum(coalesce(retried, 0)), sum(coalesce(retries, 0)), sum(coalesce(repeats, 0)),
            sum(coalesce(first_failed, 0)), sum(coalesce(retryable, 0)), sum(coalesce(error_retry_after_ms, 0)), sum(coalesce(retry_wait_ms, 0)),
            sum(coalesce(duration_ms, 0)), sum(coalesce(ttft_ms, 0)), sum(coalesce(ttft_calls, 0)),
            sum(coalesce(output_tokens_per_second, 0)), sum(coalesce(output_rate_calls, 0)), sum(coalesce(cached_calls, 0)),
            sum(coalesce(input_tokens, 0)), sum(coalesce(output_tokens, 0)), sum(coalesce(cache_read_input_tokens, 0)),
            sum(coalesce(cache_creation_input_tokens, 0)), sum(coalesce(reasoning_tokens, 0)),
            sum(coalesce(cost_usd, 0)), sum(coalesce(cost_input_usd, 0)), sum(coalesce(cost_cache_read_usd, 0)), sum(coalesce(cost_cache_write_usd, 0)),
            sum(coalesce(cost_output_usd, 0)), sum(coalesce(cost_without_cache_usd, 0)), sum(coalesce(cache_savings_usd, 0)),
            sum(coalesce(retried_once, 0)), sum(coalesce(retried_twice, 0)), sum(coalesce(retried_more, 0))
          from unnest(rows)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict (bucket, series_id, outcome_id) do update set
          calls = r.calls + excluded.calls,
          retried = r.retried + excluded.retried,
          retries = r.retries + excluded.retries,
          repeats = r.repeats + excluded.repeats,
          first_failed = r.first_failed + excluded.first_failed,
          retryable = r.retryable + excluded.retryable,
          error_retry_after_ms = r.error_retry_after_ms + excluded.error_retry_after_ms,
          retry_wait_ms = r.retry_wait_ms + excluded.retry_wait_ms,
          duration_ms = r.duration_ms + excluded.duration_ms,
          ttft_ms = r.ttft_ms + excluded.ttft_ms,
          ttft_calls = r.ttft_calls + excluded.ttft_calls,
          output_tokens_per_second = r.output_tokens_per_second + excluded.output_tokens_per_second,
          output_rate_calls = r.output_rate_calls + excluded.output_rate_calls,
          cached_calls = r.cached_calls + excluded.cached_calls,
          input_tokens = r.input_tokens + excluded.input_tokens,
          output_tokens = r.output_tokens + excluded.output_tokens,
          cache_read_input_tokens = r.cache_read_input_tokens + excluded.cache_read_input_tokens,
          cache_creation_input_tokens = r.cache_creation_input_tokens + excluded.cache_creation_input_tokens,
          reasoning_tokens = r.reasoning_tokens + excluded.reasoning_tokens,
          cost_usd = r.cost_usd + excluded.cost_usd,
          cost_input_usd = r.cost_input_usd + excluded.cost_input_usd,
          cost_cache_read_usd = r.cost_cache_read_usd + excluded.cost_cache_read_usd,
          cost_cache_write_usd = r.cost_cache_write_usd + excluded.cost_cache_write_usd,
          cost_output_usd = r.cost_output_usd + excluded.cost_output_usd,
          cost_without_cache_usd = r.cost_without_cache_usd + excluded.cost_without_cache_usd,
          cache_savings_usd = r.cache_savings_usd + excluded.cache_savings_usd,
          retried_once = r.retried_once + excluded.retried_once,
          retried_twice = r.retried_twice + excluded.retried_twice,
          retried_more = r.retried_more + excluded.retried_more;
      end
      $body$;
    $sql$, tier.name, tier.width);
  end loop;
end
$do$;

-- Bodies are bound to the columns that were there: again, with those of now.
create or replace function calls(from_time timestamptz, to_time timestamptz) returns setof calls_by_minute
language sql stable parallel safe
begin atomic
  select * from calls_by_minute
  where bucket >= utc_floor('1 minute', from_time)
    and bucket < least(utc_ceil('1 hour', utc_floor('1 minute', from_time)), to_time)
  union all
  select * from calls_by_hour
  where bucket >= utc_ceil('1 hour', utc_floor('1 minute', from_time))
    and bucket < least(utc_ceil('1 day', utc_floor('1 minute', from_time)), utc_floor('1 hour', to_time))
  union all
  select * from calls_by_day
  where bucket >= utc_ceil('1 day', utc_floor('1 minute', from_time))
    and bucket < utc_floor('1 day', to_time)
  union all
  select * from calls_by_hour
  where bucket >= greatest(utc_floor('1 day', to_time), utc_ceil('1 day', utc_floor('1 minute', from_time)))
    and bucket < utc_floor('1 hour', to_time)
  union all
  select * from calls_by_minute
  where bucket >= greatest(utc_floor('1 hour', to_time), utc_ceil('1 hour', utc_floor('1 minute', from_time)))
    and bucket < to_time;
end;

create or replace function calls_over_time(from_time timestamptz, to_time timestamptz, step interval) returns setof calls_by_minute
language sql stable parallel safe
begin atomic
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, status, error_category, retry_reason, cost_status,
    calls, failed, retried, retries, repeats, first_failed, retryable, error_retry_after_ms, retry_wait_ms,
    duration_ms, ttft_ms, ttft_calls, output_tokens_per_second, output_rate_calls, cached_calls,
    input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, reasoning_tokens,
    cost_usd, cost_input_usd, cost_cache_read_usd, cost_cache_write_usd, cost_output_usd, cost_without_cache_usd, cache_savings_usd,
    wasted_usd, priced_calls, retried_once, retried_twice, retried_more
  from calls_by_minute
  where step < interval '1 hour' and to_time - from_time <= interval '36 hours' and bucket >= utc_floor('1 minute', from_time) and bucket < to_time
  union all
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, status, error_category, retry_reason, cost_status,
    calls, failed, retried, retries, repeats, first_failed, retryable, error_retry_after_ms, retry_wait_ms,
    duration_ms, ttft_ms, ttft_calls, output_tokens_per_second, output_rate_calls, cached_calls,
    input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, reasoning_tokens,
    cost_usd, cost_input_usd, cost_cache_read_usd, cost_cache_write_usd, cost_output_usd, cost_without_cache_usd, cache_savings_usd,
    wasted_usd, priced_calls, retried_once, retried_twice, retried_more
  from calls_by_hour
  where (step >= interval '1 hour' or to_time - from_time > interval '36 hours') and step < interval '1 day'
    and bucket >= utc_floor('1 hour', from_time) and bucket < to_time
  union all
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, status, error_category, retry_reason, cost_status,
    calls, failed, retried, retries, repeats, first_failed, retryable, error_retry_after_ms, retry_wait_ms,
    duration_ms, ttft_ms, ttft_calls, output_tokens_per_second, output_rate_calls, cached_calls,
    input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, reasoning_tokens,
    cost_usd, cost_input_usd, cost_cache_read_usd, cost_cache_write_usd, cost_output_usd, cost_without_cache_usd, cache_savings_usd,
    wasted_usd, priced_calls, retried_once, retried_twice, retried_more
  from calls_by_day
  where step >= interval '1 day' and bucket >= utc_floor('1 day', from_time) and bucket < to_time;
end;
