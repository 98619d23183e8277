-- Rollups: what the dashboards, the alerts and the report read. They count model calls (llm_call = true) only and change
-- in the transaction that stores the rows, so they are a recount of the rows at any moment.

create table series (
  id integer generated always as identity primary key,
  service_name text not null,
  environment text not null,
  model_provider text not null,
  model text not null,
  operation text not null
);
create unique index series_key on series (service_name, environment, model_provider, model, operation);
comment on table series is 'Who called what: one row per combination that was ever seen; a value nobody sent is ''unknown''';
comment on column series.id is 'Number that the rollups carry';
comment on column series.service_name is 'llm_traces.service_name';
comment on column series.environment is 'llm_traces.environment';
comment on column series.model_provider is 'llm_traces.model_provider';
comment on column series.model is 'llm_traces.model';
comment on column series.operation is 'llm_traces.operation';

create table outcomes (
  id integer generated always as identity primary key,
  error_category text,
  retry_reason text,
  cost_status text
);
create unique index outcomes_key on outcomes (error_category, retry_reason, cost_status) nulls not distinct;
comment on table outcomes is 'How calls ended: one row per combination that was ever seen';
comment on column outcomes.id is 'Number that the rollups carry';
comment on column outcomes.error_category is 'llm_traces.error_category; null: completed';
comment on column outcomes.retry_reason is 'llm_traces.retry_reason; null: not retried';
comment on column outcomes.cost_status is 'llm_traces.cost_status; null: not said';

-- Rows are updated many times while their minute, hour or day lasts: free space on the page keeps the updates HOT.
create table rollup_minute (
  bucket timestamptz not null,
  series_id integer not null,
  outcome_id integer not null,
  calls bigint not null default 0,
  retried bigint not null default 0,
  retries bigint not null default 0,
  repeats bigint not null default 0,
  first_failed bigint not null default 0,
  retryable bigint not null default 0,
  error_retry_after_ms double precision not null default 0,
  retry_wait_ms double precision not null default 0,
  duration_ms double precision not null default 0,
  ttft_ms double precision not null default 0,
  ttft_calls bigint not null default 0,
  output_tokens_per_second double precision not null default 0,
  output_rate_calls bigint not null default 0,
  cached_calls bigint not null default 0,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  cache_read_input_tokens bigint not null default 0,
  cache_creation_input_tokens bigint not null default 0,
  reasoning_tokens bigint not null default 0,
  cost_usd double precision not null default 0,
  cost_input_usd double precision not null default 0,
  cost_cache_read_usd double precision not null default 0,
  cost_cache_write_usd double precision not null default 0,
  cost_output_usd double precision not null default 0,
  cost_without_cache_usd double precision not null default 0,
  cache_savings_usd double precision not null default 0,
  primary key (bucket, series_id, outcome_id)
) with (fillfactor = 70);
comment on table rollup_minute is 'Model calls per minute, series and outcome. rollup_hour and rollup_day have the same columns';
comment on column rollup_minute.bucket is 'Start of the minute (hour, day: UTC)';
comment on column rollup_minute.series_id is 'series.id';
comment on column rollup_minute.outcome_id is 'outcomes.id';
comment on column rollup_minute.calls is 'Model calls';
comment on column rollup_minute.retried is 'Calls with retry_count > 0';
comment on column rollup_minute.retries is 'Sum of retry_count';
comment on column rollup_minute.repeats is 'Calls with retry_of: operations = calls - repeats';
comment on column rollup_minute.first_failed is 'Operations whose first attempt failed: calls without retry_of that failed or have retry_count > 0';
comment on column rollup_minute.retryable is 'Failed calls with error_retryable';
comment on column rollup_minute.error_retry_after_ms is 'Sum of error_retry_after_ms';
comment on column rollup_minute.retry_wait_ms is 'Sum of retry_wait_ms';
comment on column rollup_minute.duration_ms is 'Sum of duration_ms';
comment on column rollup_minute.ttft_ms is 'Sum of ttft_ms';
comment on column rollup_minute.ttft_calls is 'Calls with ttft_ms';
comment on column rollup_minute.output_tokens_per_second is 'Sum of output_tokens_per_second';
comment on column rollup_minute.output_rate_calls is 'Calls with output_tokens_per_second';
comment on column rollup_minute.cached_calls is 'Calls that read from the prompt cache';
comment on column rollup_minute.input_tokens is 'Sum of input_tokens';
comment on column rollup_minute.output_tokens is 'Sum of output_tokens';
comment on column rollup_minute.cache_read_input_tokens is 'Sum of cache_read_input_tokens';
comment on column rollup_minute.cache_creation_input_tokens is 'Sum of cache_creation_input_tokens';
comment on column rollup_minute.reasoning_tokens is 'Sum of reasoning_tokens';
comment on column rollup_minute.cost_usd is 'Sum of cost_usd';
comment on column rollup_minute.cost_input_usd is 'Sum of cost_input_usd';
comment on column rollup_minute.cost_cache_read_usd is 'Sum of cost_cache_read_usd';
comment on column rollup_minute.cost_cache_write_usd is 'Sum of cost_cache_write_usd';
comment on column rollup_minute.cost_output_usd is 'Sum of cost_output_usd';
comment on column rollup_minute.cost_without_cache_usd is 'Sum of cost_without_cache_usd';
comment on column rollup_minute.cache_savings_usd is 'Sum of cache_savings_usd';

create table rollup_hour (like rollup_minute including all) with (fillfactor = 50);
create table rollup_day (like rollup_minute including all) with (fillfactor = 50);
comment on table rollup_hour is 'Model calls per hour, series and outcome';
comment on table rollup_day is 'Model calls per UTC day, series and outcome';

create table histogram_minute (
  bucket timestamptz not null,
  series_id integer not null,
  measure smallint not null,
  counts bigint[] not null,
  primary key (bucket, series_id, measure)
) with (fillfactor = 70);
comment on table histogram_minute is 'Latency and time to first chunk per minute and series, 8 logarithmic bins per doubling. histogram_hour and histogram_day have the same columns';
comment on column histogram_minute.bucket is 'Start of the minute (hour, day: UTC)';
comment on column histogram_minute.series_id is 'series.id';
comment on column histogram_minute.measure is '1 duration of completed calls, 2 duration of failed calls, 3 time to first chunk';
comment on column histogram_minute.counts is 'Model calls by bin; its bounds are those of the bins that are used. Bin n: over 2^((n-1)/8) ms up to and including 2^(n/8) ms; bin 0: up to 1 ms';

create table histogram_hour (like histogram_minute including all) with (fillfactor = 50);
create table histogram_day (like histogram_minute including all) with (fillfactor = 50);
comment on table histogram_hour is 'Latency and time to first chunk per hour and series';
comment on table histogram_day is 'Latency and time to first chunk per UTC day and series';

create table user_hour (
  bucket timestamptz not null,
  series_id integer not null,
  user_id text not null,
  calls bigint not null,
  failed bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost_usd double precision not null,
  cache_savings_usd double precision not null,
  primary key (bucket, series_id, user_id)
) with (fillfactor = 70);
comment on table user_hour is 'Model calls per hour, series and end user; only calls that name a user. user_day has the same columns';
comment on column user_hour.bucket is 'Start of the hour (day: UTC)';
comment on column user_hour.series_id is 'series.id';
comment on column user_hour.user_id is 'llm_traces.user_id';
comment on column user_hour.calls is 'Model calls';
comment on column user_hour.failed is 'Failed model calls';
comment on column user_hour.input_tokens is 'Sum of input_tokens';
comment on column user_hour.output_tokens is 'Sum of output_tokens';
comment on column user_hour.cost_usd is 'Sum of cost_usd';
comment on column user_hour.cache_savings_usd is 'Sum of cache_savings_usd';

create table user_day (like user_hour including all) with (fillfactor = 50);
comment on table user_day is 'Model calls per UTC day, series and end user; only calls that name a user';

create table model_prices (
  provider text not null,
  model text not null,
  input_usd_per_million double precision,
  output_usd_per_million double precision,
  cache_read_usd_per_million double precision,
  cache_write_usd_per_million double precision,
  price_date text not null,
  primary key (provider, model)
);
comment on table model_prices is 'Today''s list prices, written by the gateway when it starts: what the same tokens would have cost elsewhere';
comment on column model_prices.provider is 'gen_ai.provider.name';
comment on column model_prices.model is 'Model id of the price data';
comment on column model_prices.input_usd_per_million is 'USD per million uncached input tokens';
comment on column model_prices.output_usd_per_million is 'USD per million output tokens';
comment on column model_prices.cache_read_usd_per_million is 'USD per million input tokens read from the prompt cache; null: no such price';
comment on column model_prices.cache_write_usd_per_million is 'USD per million input tokens written to the prompt cache; null: no such price';
comment on column model_prices.price_date is 'Date of the price data, YYYY-MM-DD';
