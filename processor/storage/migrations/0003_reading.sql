-- What dashboards, alerts, endpoints and the report call. The bodies are SQL-standard (begin atomic): bound to the tables
-- when created, whatever the reader's search_path, and inlined by the planner, so that filters reach the indexes.

-- 2^(1/8) steps: a quantile read from a bin is off by at most 4.5 %.
create function histogram_bin(ms double precision) returns smallint
language sql immutable parallel safe
return case when ms > 1 then least(255, ceil(ln(ms) / ln(2.0::double precision) * 8 - 1e-9))::smallint else 0::smallint end;
comment on function histogram_bin(double precision) is 'Bin of a duration in ms';

create function histogram_bin_ms(bin integer) returns double precision
language sql immutable parallel safe
return power(2::double precision, bin / 8.0::double precision);
comment on function histogram_bin_ms(integer) is 'Upper bound of a bin in ms; its lower bound is that of the bin before';

create function histogram_add(counts bigint[], bin smallint, calls bigint) returns bigint[]
language plpgsql immutable parallel safe
as $$
begin
  counts[bin] := coalesce(counts[bin], 0) + coalesce(calls, 0);
  return counts;
end
$$;
comment on function histogram_add(bigint[], smallint, bigint) is 'Step of the aggregate histogram';

create aggregate histogram(bin smallint, calls bigint) (sfunc = histogram_add, stype = bigint[], initcond = '{}', parallel = safe);
comment on aggregate histogram(smallint, bigint) is 'Merges histogram rows into one histogram for histogram_quantile. Much faster over rows that were grouped by bin first';

-- Inside its bin a value is placed geometrically, as the bins are.
create function histogram_quantile(counts bigint[], quantile double precision) returns double precision
language plpgsql immutable strict parallel safe
as $$
declare
  total double precision := 0;
  before double precision := 0;
  target double precision;
  calls bigint;
  bin integer := array_lower(counts, 1);
begin
  if bin is null then
    return null;
  end if;
  foreach calls in array counts loop
    total := total + greatest(coalesce(calls, 0), 0);
  end loop;
  target := total * quantile;
  foreach calls in array counts loop
    if calls > 0 then
      if before + calls >= target then
        return power(2::double precision, (bin - 1 + greatest(0, (target - before) / calls)) / 8);
      end if;
      before := before + calls;
    end if;
    bin := bin + 1;
  end loop;
  return null;
end
$$;
comment on function histogram_quantile(bigint[], double precision) is 'Quantile (0 to 1) of a histogram in ms, off by at most 4.5 %; null for an empty one';

-- Wilson score interval (Wilson 1927), 95 %: honest for few calls and near 100 %, where the normal approximation is not.
create function wilson_lower(successes double precision, total double precision) returns double precision
language sql immutable parallel safe
return case when total > 0 then
  greatest(0, (successes + 1.9207 - 1.96 * sqrt(greatest(0, successes * (total - successes) / total + 0.9604))) / (total + 3.8416)) end;
create function wilson_upper(successes double precision, total double precision) returns double precision
language sql immutable parallel safe
return case when total > 0 then
  least(1, (successes + 1.9207 + 1.96 * sqrt(greatest(0, successes * (total - successes) / total + 0.9604))) / (total + 3.8416)) end;
comment on function wilson_lower(double precision, double precision) is 'Lower end of the 95 % interval of successes / total, 0 to 1; null without calls';
comment on function wilson_upper(double precision, double precision) is 'Upper end of the 95 % interval of successes / total, 0 to 1; null without calls';

-- UTC, whatever the session's time zone: the rollups are.
create function utc_floor(width interval, at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_bin(width, at, timestamptz '2000-01-01 00:00:00+00');
comment on function utc_floor(interval, timestamptz) is 'Start of the bucket of that width (counted in UTC) that holds the time';
create function utc_ceil(width interval, at timestamptz) returns timestamptz
language sql immutable parallel safe
return date_bin(width, at + width - interval '1 microsecond', timestamptz '2000-01-01 00:00:00+00');
comment on function utc_ceil(interval, timestamptz) is 'First start of a bucket of that width at or after the time';

-- Adds histograms bin by bin; their bounds may differ.
create function histogram_merge(a bigint[], b bigint[]) returns bigint[]
language plpgsql immutable strict parallel safe
as $$
begin
  for bin in coalesce(array_lower(b, 1), 1) .. coalesce(array_upper(b, 1), 0) loop
    a[bin] := coalesce(a[bin], 0) + coalesce(b[bin], 0);
  end loop;
  return a;
end
$$;
comment on function histogram_merge(bigint[], bigint[]) is 'Adds two histograms bin by bin';

create function histogram_between(counts bigint[], first_bin integer, last_bin integer) returns bigint
language sql immutable parallel safe
return (select coalesce(sum(n), 0)::bigint from unnest(counts[first_bin:last_bin]) n);
comment on function histogram_between(bigint[], integer, integer) is 'Calls in the bins from the first to the last';

create aggregate histogram_sum(counts bigint[]) (sfunc = histogram_merge, stype = bigint[], parallel = safe, combinefunc = histogram_merge);
comment on aggregate histogram_sum(bigint[]) is 'Merges histograms into one for histogram_quantile';

-- The rollups in words. The views of the three widths differ in the table only and are made from one text.
do $do$
declare
  width text;
begin
  foreach width in array array['minute', 'hour', 'day'] loop
    execute format($sql$
      create view calls_by_%1$s as
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
          case when o.cost_status in ('priced', 'ambiguous_usage') then r.calls else 0 end as priced_calls
        from rollup_%1$s r join series s on s.id = r.series_id join outcomes o on o.id = r.outcome_id;
      comment on view calls_by_%1$s is 'Model calls per %1$s in words: sums over who called what (series) and how it ended (outcomes)';

      create view histograms_by_%1$s as
        select h.bucket, s.service_name, s.environment, s.model_provider, s.model, s.operation,
          case when h.measure = 3 then 'ttft' else 'duration' end as measure,
          case when h.measure = 2 then 'failed' else 'completed' end as status,
          h.counts
        from histogram_%1$s h join series s on s.id = h.series_id;
      comment on view histograms_by_%1$s is 'Histograms per %1$s in words. measure: duration or ttft; counts: see histogram_quantile';
    $sql$, width);
  end loop;
end
$do$;

-- From whole days, then whole hours, then minutes at the edges: a month costs little more than a day and is exact to the
-- minute. The five ranges never overlap, also when there is no whole day or hour between the two times.
create function calls(from_time timestamptz, to_time timestamptz) returns setof calls_by_minute
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
comment on function calls(timestamptz, timestamptz) is 'Model calls between two times, exact to the minute, to be summed: the columns of calls_by_minute. Buckets are of mixed width: for a graph use calls_over_time';

create function histograms(from_time timestamptz, to_time timestamptz) returns setof histograms_by_minute
language sql stable parallel safe
begin atomic
  select * from histograms_by_minute
  where bucket >= utc_floor('1 minute', from_time)
    and bucket < least(utc_ceil('1 hour', utc_floor('1 minute', from_time)), to_time)
  union all
  select * from histograms_by_hour
  where bucket >= utc_ceil('1 hour', utc_floor('1 minute', from_time))
    and bucket < least(utc_ceil('1 day', utc_floor('1 minute', from_time)), utc_floor('1 hour', to_time))
  union all
  select * from histograms_by_day
  where bucket >= utc_ceil('1 day', utc_floor('1 minute', from_time))
    and bucket < utc_floor('1 day', to_time)
  union all
  select * from histograms_by_hour
  where bucket >= greatest(utc_floor('1 day', to_time), utc_ceil('1 day', utc_floor('1 minute', from_time)))
    and bucket < utc_floor('1 hour', to_time)
  union all
  select * from histograms_by_minute
  where bucket >= greatest(utc_floor('1 hour', to_time), utc_ceil('1 hour', utc_floor('1 minute', from_time)))
    and bucket < to_time;
end;
comment on function histograms(timestamptz, timestamptz) is 'Histograms between two times, exact to the minute: the columns of histograms_by_minute. histogram_quantile(histogram_sum(counts), 0.95) is their p95 in ms';

-- Minutes while the range is short, hours beyond 36 h: a graph of a week has 168 points, not 10,080.
create function calls_over_time(from_time timestamptz, to_time timestamptz, step interval) returns setof calls_by_minute
language sql stable parallel safe
begin atomic
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, status, error_category, retry_reason, cost_status,
    calls, failed, retried, retries, repeats, first_failed, retryable, error_retry_after_ms, retry_wait_ms,
    duration_ms, ttft_ms, ttft_calls, output_tokens_per_second, output_rate_calls, cached_calls,
    input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, reasoning_tokens,
    cost_usd, cost_input_usd, cost_cache_read_usd, cost_cache_write_usd, cost_output_usd, cost_without_cache_usd, cache_savings_usd,
    wasted_usd, priced_calls
  from calls_by_minute
  where step < interval '1 hour' and to_time - from_time <= interval '36 hours' and bucket >= utc_floor('1 minute', from_time) and bucket < to_time
  union all
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, status, error_category, retry_reason, cost_status,
    calls, failed, retried, retries, repeats, first_failed, retryable, error_retry_after_ms, retry_wait_ms,
    duration_ms, ttft_ms, ttft_calls, output_tokens_per_second, output_rate_calls, cached_calls,
    input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, reasoning_tokens,
    cost_usd, cost_input_usd, cost_cache_read_usd, cost_cache_write_usd, cost_output_usd, cost_without_cache_usd, cache_savings_usd,
    wasted_usd, priced_calls
  from calls_by_hour
  where (step >= interval '1 hour' or to_time - from_time > interval '36 hours') and step < interval '1 day'
    and bucket >= utc_floor('1 hour', from_time) and bucket < to_time
  union all
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, status, error_category, retry_reason, cost_status,
    calls, failed, retried, retries, repeats, first_failed, retryable, error_retry_after_ms, retry_wait_ms,
    duration_ms, ttft_ms, ttft_calls, output_tokens_per_second, output_rate_calls, cached_calls,
    input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, reasoning_tokens,
    cost_usd, cost_input_usd, cost_cache_read_usd, cost_cache_write_usd, cost_output_usd, cost_without_cache_usd, cache_savings_usd,
    wasted_usd, priced_calls
  from calls_by_day
  where step >= interval '1 day' and bucket >= utc_floor('1 day', from_time) and bucket < to_time;
end;
comment on function calls_over_time(timestamptz, timestamptz, interval) is 'Model calls for a graph: the columns of calls_by_minute, bucket floored to the step (UTC). Beyond 36 h the resolution is an hour, with steps of a day and more it is a UTC day';

create function histograms_over_time(from_time timestamptz, to_time timestamptz, step interval) returns setof histograms_by_minute
language sql stable parallel safe
begin atomic
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, measure, status, counts
  from histograms_by_minute
  where step < interval '1 hour' and to_time - from_time <= interval '36 hours' and bucket >= utc_floor('1 minute', from_time) and bucket < to_time
  union all
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, measure, status, counts
  from histograms_by_hour
  where (step >= interval '1 hour' or to_time - from_time > interval '36 hours') and step < interval '1 day'
    and bucket >= utc_floor('1 hour', from_time) and bucket < to_time
  union all
  select utc_floor(step, bucket), service_name, environment, model_provider, model, operation, measure, status, counts
  from histograms_by_day
  where step >= interval '1 day' and bucket >= utc_floor('1 day', from_time) and bucket < to_time;
end;
comment on function histograms_over_time(timestamptz, timestamptz, interval) is 'Histograms for a graph: the columns of histograms_by_minute, bucket floored to the step (UTC), resolution as calls_over_time';

-- The same unfolded, a row for each bin. Merging arrays (histogram_sum) is three times faster than adding up their bins.
create function latencies(from_time timestamptz, to_time timestamptz)
returns table (bucket timestamptz, service_name text, environment text, model_provider text, model text, operation text, measure text, status text, bin smallint, calls bigint)
language sql stable parallel safe
begin atomic
  select u.bucket, u.service_name, u.environment, u.model_provider, u.model, u.operation, u.measure, u.status, u.bin::smallint, u.calls
  from (select h.*, generate_subscripts(h.counts, 1) as bin, unnest(h.counts) as calls from histograms(from_time, to_time) h) u
  where u.calls > 0;
end;
comment on function latencies(timestamptz, timestamptz) is 'Histograms between two times, a row for each bin: see histogram_bin_ms';

create function latencies_over_time(from_time timestamptz, to_time timestamptz, step interval)
returns table (bucket timestamptz, service_name text, environment text, model_provider text, model text, operation text, measure text, status text, bin smallint, calls bigint)
language sql stable parallel safe
begin atomic
  select u.bucket, u.service_name, u.environment, u.model_provider, u.model, u.operation, u.measure, u.status, u.bin::smallint, u.calls
  from (select h.*, generate_subscripts(h.counts, 1) as bin, unnest(h.counts) as calls from histograms_over_time(from_time, to_time, step) h) u
  where u.calls > 0;
end;
comment on function latencies_over_time(timestamptz, timestamptz, interval) is 'Histograms for a graph, a row for each bin, bucket floored to the step (UTC)';

create view users_by_hour as
  select u.bucket, s.service_name, s.environment, s.model_provider, s.model, s.operation, u.user_id,
    u.calls, u.failed, u.input_tokens, u.output_tokens, u.cost_usd, u.cache_savings_usd
  from user_hour u join series s on s.id = u.series_id;
create view users_by_day as
  select u.bucket, s.service_name, s.environment, s.model_provider, s.model, s.operation, u.user_id,
    u.calls, u.failed, u.input_tokens, u.output_tokens, u.cost_usd, u.cache_savings_usd
  from user_day u join series s on s.id = u.series_id;
comment on view users_by_hour is 'Model calls per hour and end user in words; only calls that name a user';
comment on view users_by_day is 'Model calls per UTC day and end user in words; the same columns as users_by_hour';

create function users(from_time timestamptz, to_time timestamptz) returns setof users_by_hour
language sql stable parallel safe
begin atomic
  select * from users_by_hour
  where bucket >= utc_floor('1 hour', from_time)
    and bucket < least(utc_ceil('1 day', utc_floor('1 hour', from_time)), to_time)
  union all
  select * from users_by_day
  where bucket >= utc_ceil('1 day', utc_floor('1 hour', from_time))
    and bucket < utc_floor('1 day', to_time)
  union all
  select * from users_by_hour
  where bucket >= greatest(utc_floor('1 day', to_time), utc_ceil('1 day', utc_floor('1 hour', from_time)))
    and bucket < to_time;
end;
comment on function users(timestamptz, timestamptz) is 'Model calls by end user between two times, exact to the hour, to be summed: the columns of users_by_hour';
