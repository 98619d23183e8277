-- How the gateway changes the rollups. The three functions at the end are the interface: what they are given may have fields
-- that this schema does not know yet, and may lack fields that it knows, so that older and newer gateways can write at the
-- same time. Sums may be negative: a call that turns out to be none is taken out again.
--
-- Every statement visits its rows in the order of the primary key, and every caller the tables in the same order, so that two
-- gateways cannot deadlock.

-- One pair of functions for each width, from one text: they differ in the table only, and as functions of their own their
-- plans are kept.
do $do$
declare
  tier record;
begin
  for tier in select * from (values ('minute', interval '1 minute'), ('hour', interval '1 hour'), ('day', interval '1 day')) t (name, width) loop
    execute format($sql$
      create function add_calls_%1$s(rows rollup_minute[]) returns void
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
            sum(coalesce(cost_output_usd, 0)), sum(coalesce(cost_without_cache_usd, 0)), sum(coalesce(cache_savings_usd, 0))
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
          cache_savings_usd = r.cache_savings_usd + excluded.cache_savings_usd;
      end
      $body$;

      create function add_durations_%1$s(minutes integer[], series_ids integer[], measures smallint[], histograms text[]) returns void
      language plpgsql
      set search_path from current
      as $body$
      begin
        insert into histogram_%1$s as h
          select utc_floor(%2$L, to_timestamp(minute * 60.0)), series_id, measure, histogram_sum(histogram::bigint[])
          from unnest(minutes, series_ids, measures, histograms) t (minute, series_id, measure, histogram)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict (bucket, series_id, measure) do update set counts = histogram_merge(h.counts, excluded.counts);
      end
      $body$;
    $sql$, tier.name, tier.width);
  end loop;
end
$do$;

-- calls: a JSON array of objects with the columns of rollup_minute; bucket is the minute.
create function count_calls(calls json) returns void
language plpgsql
set search_path from current
as $$
declare
  rows rollup_minute[] := array(select r from json_populate_recordset(null::rollup_minute, calls) r);
begin
  perform add_calls_minute(rows), add_calls_hour(rows), add_calls_day(rows);
end
$$;
comment on function count_calls(json) is 'Adds calls to the rollups of all three widths, in the transaction that stores the rows';

-- The columns of histogram_minute as arrays of one length: minutes since 1970, and the text of each array of counts.
create function count_durations(minutes integer[], series_ids integer[], measures smallint[], histograms text[]) returns void
language plpgsql
set search_path from current
as $$
begin
  perform add_durations_minute(minutes, series_ids, measures, histograms);
  perform add_durations_hour(minutes, series_ids, measures, histograms);
  perform add_durations_day(minutes, series_ids, measures, histograms);
end
$$;
comment on function count_durations(integer[], integer[], smallint[], text[]) is 'Adds durations and times to first chunk to the histograms of all three widths';

do $do$
declare
  tier record;
begin
  for tier in select * from (values ('hour', interval '1 hour'), ('day', interval '1 day')) t (name, width) loop
    execute format($sql$
      create function add_users_%1$s(
        hours integer[], series_ids integer[], user_ids text[], calls bigint[], failed bigint[], input_tokens bigint[], output_tokens bigint[],
        cost_usd double precision[], cache_savings_usd double precision[]
      ) returns void
      language plpgsql
      set search_path from current
      as $body$
      begin
        insert into user_%1$s as u
          select utc_floor(%2$L, to_timestamp(t.hour * 3600.0)), t.series_id, t.user_id, sum(t.calls), sum(t.failed), sum(t.input_tokens),
            sum(t.output_tokens), sum(t.cost_usd), sum(t.savings)
          from unnest(hours, series_ids, user_ids, calls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd)
            t (hour, series_id, user_id, calls, failed, input_tokens, output_tokens, cost_usd, savings)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict on constraint user_%1$s_pkey do update set
          calls = u.calls + excluded.calls,
          failed = u.failed + excluded.failed,
          input_tokens = u.input_tokens + excluded.input_tokens,
          output_tokens = u.output_tokens + excluded.output_tokens,
          cost_usd = u.cost_usd + excluded.cost_usd,
          cache_savings_usd = u.cache_savings_usd + excluded.cache_savings_usd;
      end
      $body$;
    $sql$, tier.name, tier.width);
  end loop;
end
$do$;

-- The columns of user_hour as arrays of one length: hours since 1970. There may be as many as there are calls.
create function count_users(
  hours integer[], series_ids integer[], user_ids text[], calls bigint[], failed bigint[], input_tokens bigint[], output_tokens bigint[],
  cost_usd double precision[], cache_savings_usd double precision[]
) returns void
language plpgsql
set search_path from current
as $$
begin
  perform add_users_hour(hours, series_ids, user_ids, calls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd);
  perform add_users_day(hours, series_ids, user_ids, calls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd);
end
$$;
comment on function count_users(integer[], integer[], text[], bigint[], bigint[], bigint[], bigint[], double precision[], double precision[])
  is 'Adds calls to user_hour and user_day';
