create table gateway_samples (
  sampled_at timestamp with time zone not null,
  instance text not null,
  seconds double precision not null,
  received_spans bigint not null,
  refused_spans bigint not null,
  refused_requests bigint not null,
  refused_by_reason jsonb not null,
  lost_spans bigint not null,
  genai_spans bigint not null,
  llm_calls bigint not null,
  stored_spans bigint not null,
  duplicate_spans bigint not null,
  store_writes bigint not null,
  store_failures bigint not null,
  store_p50_ms double precision,
  store_p99_ms double precision,
  forwarded_spans bigint not null,
  forward_writes bigint not null,
  forward_failures bigint not null,
  forward_p50_ms double precision,
  forward_p99_ms double precision,
  requests bigint not null,
  request_p50_ms double precision,
  request_p99_ms double precision,
  sinks_away integer not null,
  spool_bytes bigint not null,
  spool_age_ms double precision not null,
  admitted_bytes bigint not null,
  event_loop_p99_ms double precision not null,
  cpu_ms double precision not null,
  rss_bytes bigint not null
);
-- Each gateway process once a minute: what it took, refused and wrote since its row before, and how it is. The same figures are at /metrics for Prometheus
--   sampled_at: When the process looked, by its clock
--   instance: Host name and process id
--   seconds: Time that the counts of this row cover: since the process's row before, or its start
--   received_spans: Spans that arrived and could be read
--   refused_spans: Spans refused one by one, as partial_success tells the sender
--   refused_requests: Requests answered with an error
--   refused_by_reason: Refused spans and requests by reason: {"unauthenticated": 3}
--   lost_spans: Accepted spans that a sink then refused for good
--   genai_spans: GenAI spans that were given attributes
--   llm_calls: Spans that stand for a call to a model
--   stored_spans: Rows written to PostgreSQL
--   duplicate_spans: Spans that PostgreSQL already had
--   store_writes: Batches that PostgreSQL took
--   store_failures: Writes to PostgreSQL that failed; their batches wait in the spool or are sent again
--   store_p50_ms: Time of one write to PostgreSQL, median; null without a write. Quantiles are read from buckets that double or more
--   store_p99_ms: Time of one write to PostgreSQL, 99th percentile
--   forwarded_spans: Spans that the OTLP backend took
--   forward_writes: Batches that the OTLP backend took
--   forward_failures: Writes to the OTLP backend that failed
--   forward_p50_ms: Time of one write to the OTLP backend, median; null without a write
--   forward_p99_ms: Time of one write to the OTLP backend, 99th percentile
--   requests: OTLP requests that were answered, over HTTP and gRPC
--   request_p50_ms: Time of one OTLP request until its answer, median; null without a request
--   request_p99_ms: Time of one OTLP request until its answer, 99th percentile
--   sinks_away: Places (PostgreSQL, OTLP backend) that take no spans at this moment
--   spool_bytes: Disk that the process's spools take at this moment
--   spool_age_ms: Age of the oldest record in its spools; 0 when they are empty
--   admitted_bytes: Request bytes held at this moment
--   event_loop_p99_ms: Delay of the event loop, 99th percentile: beyond 100 ms the process has too much to do
--   cpu_ms: CPU time, user and system
--   rss_bytes: Memory that the process occupies

create table held_requests (
  trace_id text not null,
  span_id text not null,
  started_at timestamp with time zone not null,
  seen_at timestamp with time zone not null default now(),
  promoted_at timestamp with time zone,
  span text not null,
  attributes text not null,
  announced_at timestamp with time zone
);
-- HTTP requests to a model for which no GenAI span has come yet: they become model calls when none comes. Empty most of the time
--   trace_id: Trace id
--   span_id: Span id
--   started_at: Start of the span
--   seen_at: When a gateway said last that it holds it; a minute later another gateway may take it over
--   promoted_at: When it became a model call; kept for some minutes so that every gateway can tell a GenAI span that comes later still
--   span: The span as JSON, in the program's own form
--   attributes: Its attributes as JSON, as they came
--   announced_at: When it was announced to become a model call; the row of the call is written once every gateway has had time to hear of it

create table histogram_day (
  bucket timestamp with time zone not null,
  series_id integer not null,
  measure smallint not null,
  counts bigint[] not null
) with (fillfactor=50);
-- Latency and time to first chunk per UTC day and series
--   bucket: Start of the minute (hour, day: UTC)
--   series_id: series.id
--   measure: 1 duration of completed calls, 2 duration of failed calls, 3 time to first chunk
--   counts: Model calls by bin; its bounds are those of the bins that are used. Bin n: over 2^((n-1)/8) ms up to and including 2^(n/8) ms; bin 0: up to 1 ms

create table histogram_hour (
  bucket timestamp with time zone not null,
  series_id integer not null,
  measure smallint not null,
  counts bigint[] not null
) with (fillfactor=50);
-- Latency and time to first chunk per hour and series
--   bucket: Start of the minute (hour, day: UTC)
--   series_id: series.id
--   measure: 1 duration of completed calls, 2 duration of failed calls, 3 time to first chunk
--   counts: Model calls by bin; its bounds are those of the bins that are used. Bin n: over 2^((n-1)/8) ms up to and including 2^(n/8) ms; bin 0: up to 1 ms

create table histogram_minute (
  bucket timestamp with time zone not null,
  series_id integer not null,
  measure smallint not null,
  counts bigint[] not null
) with (fillfactor=70);
-- Latency and time to first chunk per minute and series, 8 logarithmic bins per doubling. histogram_hour and histogram_day have the same columns
--   bucket: Start of the minute (hour, day: UTC)
--   series_id: series.id
--   measure: 1 duration of completed calls, 2 duration of failed calls, 3 time to first chunk
--   counts: Model calls by bin; its bounds are those of the bins that are used. Bin n: over 2^((n-1)/8) ms up to and including 2^(n/8) ms; bin 0: up to 1 ms

create table llm_traces (
  trace_id text not null,
  span_id text not null,
  parent_span_id text,
  name text not null,
  created_at timestamp with time zone not null,
  duration_ms double precision not null,
  service_name text,
  environment text,
  scope_name text,
  operation text,
  llm_call boolean not null,
  model_provider text,
  model text,
  response_model text,
  status text not null,
  error_message text,
  error_type text,
  error_category text,
  error_retryable boolean,
  error_retry_after_ms double precision,
  http_status integer,
  retry_count integer,
  retry_reason text,
  retry_wait_ms double precision,
  retry_of text,
  input_tokens bigint,
  output_tokens bigint,
  total_tokens bigint,
  cache_read_input_tokens bigint,
  cache_creation_input_tokens bigint,
  reasoning_tokens bigint,
  cost_usd double precision,
  cost_input_usd double precision,
  cost_cache_read_usd double precision,
  cost_cache_write_usd double precision,
  cost_output_usd double precision,
  cost_without_cache_usd double precision,
  cache_savings_usd double precision,
  cache_hit_ratio double precision,
  cost_status text,
  price_date text,
  ttft_ms double precision,
  output_tokens_per_second double precision,
  user_id text,
  conversation_id text,
  agent_name text,
  tool_name text,
  attributes jsonb not null
) partition by RANGE (created_at);
-- One row per GenAI span: model calls (llm_call = true) and the agents, tools, workflows and wrappers around them. Day partitions by created_at (UTC)
--   trace_id: Trace id, 32 lower-case hex digits
--   span_id: Span id, 16 lower-case hex digits
--   parent_span_id: Span id of the parent; null for a root
--   name: Span name as the application sent it
--   created_at: Start of the span, by the application's clock
--   duration_ms: End minus start, retries inside the span included
--   service_name: service.name of the resource
--   environment: deployment.environment.name of the resource
--   scope_name: Instrumentation scope that made the span
--   operation: gen_ai.operation.name: chat, embeddings, execute_tool, invoke_agent, ...
--   llm_call: true: one call to a model, counted in every total. false: a wrapper, agent, tool or workflow, or a second span for a call that another span stands for
--   model_provider: gen_ai.provider.name: openai, anthropic, aws.bedrock, ...
--   model: Model that was asked for; where nobody said, the model that answered
--   response_model: Model that answered
--   status: completed or failed
--   error_message: Message of the failure, cut to 4,000 characters
--   error_type: error.type: the provider's code, the HTTP status, or the exception's class
--   error_category: rate_limit, quota_exceeded, model_overloaded, timeout, network_error, api_error, auth, validation or unknown; null unless failed
--   error_retryable: true: the same request has a fair chance within the wait; null unless failed
--   error_retry_after_ms: Wait that the provider stated, else the suggestion for the category; null unless failed
--   http_status: HTTP status of the last answer
--   retry_count: Failed attempts of the same operation before this outcome; null without evidence
--   retry_reason: Error category of the first failed attempt; null unless retry_count > 0
--   retry_wait_ms: Time between the attempts, which is not the provider's latency; null unless retry_count > 0
--   retry_of: Span id of the failed call that this one repeats. Operations = calls - calls with retry_of
--   input_tokens: All input tokens, cached ones included
--   output_tokens: All output tokens, reasoning included
--   total_tokens: input_tokens + output_tokens
--   cache_read_input_tokens: Input tokens read from the prompt cache; part of input_tokens
--   cache_creation_input_tokens: Input tokens written to the prompt cache; part of input_tokens
--   reasoning_tokens: Reasoning tokens; part of output_tokens
--   cost_usd: What the call cost in USD; null where it is not known, never 0 for an unknown price
--   cost_input_usd: Cost of the uncached input
--   cost_cache_read_usd: Cost of reading the prompt cache
--   cost_cache_write_usd: Cost of writing the prompt cache
--   cost_output_usd: Cost of the output
--   cost_without_cache_usd: What the same tokens would have cost without prompt caching
--   cache_savings_usd: cost_without_cache_usd - cost_usd: net of the write premium, may be negative
--   cache_hit_ratio: cache_read_input_tokens / input_tokens, 0 to 1; null without input
--   cost_status: priced, unknown_model, unknown_provider, unknown_tier, invalid_usage, ambiguous_usage (priced, reading of the tokens uncertain) or no_usage
--   price_date: Date of the price data used, YYYY-MM-DD
--   ttft_ms: Time to the first chunk of a streamed answer
--   output_tokens_per_second: Output tokens / generation time; null for failures
--   user_id: End user, where the application said so
--   conversation_id: Conversation or session, where the application said so
--   agent_name: Agent, where the application said so
--   tool_name: Tool that the span ran
--   attributes: The span's attributes as sent, prompt and completion text left out unless configured in

create table llm_traces_default (
  trace_id text not null,
  span_id text not null,
  parent_span_id text,
  name text not null,
  created_at timestamp with time zone not null,
  duration_ms double precision not null,
  service_name text,
  environment text,
  scope_name text,
  operation text,
  llm_call boolean not null,
  model_provider text,
  model text,
  response_model text,
  status text not null,
  error_message text,
  error_type text,
  error_category text,
  error_retryable boolean,
  error_retry_after_ms double precision,
  http_status integer,
  retry_count integer,
  retry_reason text,
  retry_wait_ms double precision,
  retry_of text,
  input_tokens bigint,
  output_tokens bigint,
  total_tokens bigint,
  cache_read_input_tokens bigint,
  cache_creation_input_tokens bigint,
  reasoning_tokens bigint,
  cost_usd double precision,
  cost_input_usd double precision,
  cost_cache_read_usd double precision,
  cost_cache_write_usd double precision,
  cost_output_usd double precision,
  cost_without_cache_usd double precision,
  cache_savings_usd double precision,
  cache_hit_ratio double precision,
  cost_status text,
  price_date text,
  ttft_ms double precision,
  output_tokens_per_second double precision,
  user_id text,
  conversation_id text,
  agent_name text,
  tool_name text,
  attributes jsonb not null
) partition: DEFAULT;

create table migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now()
);

create table model_prices (
  provider text not null,
  model text not null,
  input_usd_per_million double precision,
  output_usd_per_million double precision,
  cache_read_usd_per_million double precision,
  cache_write_usd_per_million double precision,
  price_date text not null
);
-- Today's list prices, written by the gateway when it starts: what the same tokens would have cost elsewhere
--   provider: gen_ai.provider.name
--   model: Model id of the price data
--   input_usd_per_million: USD per million uncached input tokens
--   output_usd_per_million: USD per million output tokens
--   cache_read_usd_per_million: USD per million input tokens read from the prompt cache; null: no such price
--   cache_write_usd_per_million: USD per million input tokens written to the prompt cache; null: no such price
--   price_date: Date of the price data, YYYY-MM-DD

create table outcomes (
  id integer not null generated always as identity,
  error_category text,
  retry_reason text,
  cost_status text
);
-- How calls ended: one row per combination that was ever seen
--   id: Number that the rollups carry
--   error_category: llm_traces.error_category; null: completed
--   retry_reason: llm_traces.retry_reason; null: not retried
--   cost_status: llm_traces.cost_status; null: not said

create table rollup_day (
  bucket timestamp with time zone not null,
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
  retried_once bigint not null default 0,
  retried_twice bigint not null default 0,
  retried_more bigint not null default 0
) with (fillfactor=50);
-- Model calls per UTC day, series and outcome
--   bucket: Start of the minute (hour, day: UTC)
--   series_id: series.id
--   outcome_id: outcomes.id
--   calls: Model calls
--   retried: Calls with retry_count > 0
--   retries: Sum of retry_count
--   repeats: Calls with retry_of: operations = calls - repeats
--   first_failed: Operations whose first attempt failed: calls without retry_of that failed or have retry_count > 0
--   retryable: Failed calls with error_retryable
--   error_retry_after_ms: Sum of error_retry_after_ms
--   retry_wait_ms: Sum of retry_wait_ms
--   duration_ms: Sum of duration_ms
--   ttft_ms: Sum of ttft_ms
--   ttft_calls: Calls with ttft_ms
--   output_tokens_per_second: Sum of output_tokens_per_second
--   output_rate_calls: Calls with output_tokens_per_second
--   cached_calls: Calls that read from the prompt cache
--   input_tokens: Sum of input_tokens
--   output_tokens: Sum of output_tokens
--   cache_read_input_tokens: Sum of cache_read_input_tokens
--   cache_creation_input_tokens: Sum of cache_creation_input_tokens
--   reasoning_tokens: Sum of reasoning_tokens
--   cost_usd: Sum of cost_usd
--   cost_input_usd: Sum of cost_input_usd
--   cost_cache_read_usd: Sum of cost_cache_read_usd
--   cost_cache_write_usd: Sum of cost_cache_write_usd
--   cost_output_usd: Sum of cost_output_usd
--   cost_without_cache_usd: Sum of cost_without_cache_usd
--   cache_savings_usd: Sum of cache_savings_usd
--   retried_once: Calls with retry_count = 1: two attempts
--   retried_twice: Calls with retry_count = 2: three attempts
--   retried_more: Calls with retry_count > 2: four attempts and more

create table rollup_hour (
  bucket timestamp with time zone not null,
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
  retried_once bigint not null default 0,
  retried_twice bigint not null default 0,
  retried_more bigint not null default 0
) with (fillfactor=50);
-- Model calls per hour, series and outcome
--   bucket: Start of the minute (hour, day: UTC)
--   series_id: series.id
--   outcome_id: outcomes.id
--   calls: Model calls
--   retried: Calls with retry_count > 0
--   retries: Sum of retry_count
--   repeats: Calls with retry_of: operations = calls - repeats
--   first_failed: Operations whose first attempt failed: calls without retry_of that failed or have retry_count > 0
--   retryable: Failed calls with error_retryable
--   error_retry_after_ms: Sum of error_retry_after_ms
--   retry_wait_ms: Sum of retry_wait_ms
--   duration_ms: Sum of duration_ms
--   ttft_ms: Sum of ttft_ms
--   ttft_calls: Calls with ttft_ms
--   output_tokens_per_second: Sum of output_tokens_per_second
--   output_rate_calls: Calls with output_tokens_per_second
--   cached_calls: Calls that read from the prompt cache
--   input_tokens: Sum of input_tokens
--   output_tokens: Sum of output_tokens
--   cache_read_input_tokens: Sum of cache_read_input_tokens
--   cache_creation_input_tokens: Sum of cache_creation_input_tokens
--   reasoning_tokens: Sum of reasoning_tokens
--   cost_usd: Sum of cost_usd
--   cost_input_usd: Sum of cost_input_usd
--   cost_cache_read_usd: Sum of cost_cache_read_usd
--   cost_cache_write_usd: Sum of cost_cache_write_usd
--   cost_output_usd: Sum of cost_output_usd
--   cost_without_cache_usd: Sum of cost_without_cache_usd
--   cache_savings_usd: Sum of cache_savings_usd
--   retried_once: Calls with retry_count = 1: two attempts
--   retried_twice: Calls with retry_count = 2: three attempts
--   retried_more: Calls with retry_count > 2: four attempts and more

create table rollup_minute (
  bucket timestamp with time zone not null,
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
  retried_once bigint not null default 0,
  retried_twice bigint not null default 0,
  retried_more bigint not null default 0
) with (fillfactor=70);
-- Model calls per minute, series and outcome. rollup_hour and rollup_day have the same columns
--   bucket: Start of the minute (hour, day: UTC)
--   series_id: series.id
--   outcome_id: outcomes.id
--   calls: Model calls
--   retried: Calls with retry_count > 0
--   retries: Sum of retry_count
--   repeats: Calls with retry_of: operations = calls - repeats
--   first_failed: Operations whose first attempt failed: calls without retry_of that failed or have retry_count > 0
--   retryable: Failed calls with error_retryable
--   error_retry_after_ms: Sum of error_retry_after_ms
--   retry_wait_ms: Sum of retry_wait_ms
--   duration_ms: Sum of duration_ms
--   ttft_ms: Sum of ttft_ms
--   ttft_calls: Calls with ttft_ms
--   output_tokens_per_second: Sum of output_tokens_per_second
--   output_rate_calls: Calls with output_tokens_per_second
--   cached_calls: Calls that read from the prompt cache
--   input_tokens: Sum of input_tokens
--   output_tokens: Sum of output_tokens
--   cache_read_input_tokens: Sum of cache_read_input_tokens
--   cache_creation_input_tokens: Sum of cache_creation_input_tokens
--   reasoning_tokens: Sum of reasoning_tokens
--   cost_usd: Sum of cost_usd
--   cost_input_usd: Sum of cost_input_usd
--   cost_cache_read_usd: Sum of cost_cache_read_usd
--   cost_cache_write_usd: Sum of cost_cache_write_usd
--   cost_output_usd: Sum of cost_output_usd
--   cost_without_cache_usd: Sum of cost_without_cache_usd
--   cache_savings_usd: Sum of cache_savings_usd
--   retried_once: Calls with retry_count = 1: two attempts
--   retried_twice: Calls with retry_count = 2: three attempts
--   retried_more: Calls with retry_count > 2: four attempts and more

create table series (
  id integer not null generated always as identity,
  service_name text not null,
  environment text not null,
  model_provider text not null,
  model text not null,
  operation text not null
);
-- Who called what: one row per combination that was ever seen; a value nobody sent is 'unknown'
--   id: Number that the rollups carry
--   service_name: llm_traces.service_name
--   environment: llm_traces.environment
--   model_provider: llm_traces.model_provider
--   model: llm_traces.model
--   operation: llm_traces.operation

create table spans (
  trace_id text not null,
  span_id text not null,
  parent_span_id text,
  name text not null,
  created_at timestamp with time zone not null,
  duration_ms double precision not null,
  kind text not null,
  service_name text,
  environment text,
  scope_name text,
  status text not null,
  error_message text,
  http_status integer,
  attributes jsonb not null
) partition by RANGE (created_at);
-- Every span that is not of GenAI, for the waterfall of a trace. Day partitions by created_at (UTC)
--   trace_id: Trace id, 32 lower-case hex digits
--   span_id: Span id, 16 lower-case hex digits
--   parent_span_id: Span id of the parent; null for a root
--   name: Span name
--   created_at: Start of the span, by the application's clock
--   duration_ms: End minus start
--   kind: unspecified, internal, server, client, producer or consumer
--   service_name: service.name of the resource
--   environment: deployment.environment.name of the resource
--   scope_name: Instrumentation scope that made the span
--   status: completed or failed
--   error_message: Message of the failure, cut to 4,000 characters
--   http_status: HTTP status of the answer
--   attributes: The span's attributes as sent

create table spans_default (
  trace_id text not null,
  span_id text not null,
  parent_span_id text,
  name text not null,
  created_at timestamp with time zone not null,
  duration_ms double precision not null,
  kind text not null,
  service_name text,
  environment text,
  scope_name text,
  status text not null,
  error_message text,
  http_status integer,
  attributes jsonb not null
) partition: DEFAULT;

create table user_day (
  bucket timestamp with time zone not null,
  series_id integer not null,
  user_id text not null,
  calls bigint not null,
  failed bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost_usd double precision not null,
  cache_savings_usd double precision not null
) with (fillfactor=50);
-- Model calls per UTC day, series and end user; only calls that name a user
--   bucket: Start of the hour (day: UTC)
--   series_id: series.id
--   user_id: llm_traces.user_id
--   calls: Model calls
--   failed: Failed model calls
--   input_tokens: Sum of input_tokens
--   output_tokens: Sum of output_tokens
--   cost_usd: Sum of cost_usd
--   cache_savings_usd: Sum of cache_savings_usd

create table user_hour (
  bucket timestamp with time zone not null,
  series_id integer not null,
  user_id text not null,
  calls bigint not null,
  failed bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  cost_usd double precision not null,
  cache_savings_usd double precision not null
) with (fillfactor=70);
-- Model calls per hour, series and end user; only calls that name a user. user_day has the same columns
--   bucket: Start of the hour (day: UTC)
--   series_id: series.id
--   user_id: llm_traces.user_id
--   calls: Model calls
--   failed: Failed model calls
--   input_tokens: Sum of input_tokens
--   output_tokens: Sum of output_tokens
--   cost_usd: Sum of cost_usd
--   cache_savings_usd: Sum of cache_savings_usd

CREATE UNIQUE INDEX gateway_samples_pkey ON genai.gateway_samples USING btree (sampled_at, instance);

CREATE UNIQUE INDEX held_requests_pkey ON genai.held_requests USING btree (trace_id, span_id);
CREATE INDEX held_requests_seen ON genai.held_requests USING btree (seen_at);

CREATE UNIQUE INDEX histogram_day_pkey ON genai.histogram_day USING btree (bucket, series_id, measure);

CREATE UNIQUE INDEX histogram_hour_pkey ON genai.histogram_hour USING btree (bucket, series_id, measure);

CREATE UNIQUE INDEX histogram_minute_pkey ON genai.histogram_minute USING btree (bucket, series_id, measure);

CREATE INDEX llm_traces_failed ON ONLY genai.llm_traces USING btree (created_at) WHERE (status = 'failed'::text);
CREATE UNIQUE INDEX llm_traces_key ON ONLY genai.llm_traces USING btree (created_at, span_id, trace_id);
CREATE INDEX llm_traces_trace ON ONLY genai.llm_traces USING btree (trace_id);

CREATE INDEX llm_traces_default_created_at_idx ON genai.llm_traces_default USING btree (created_at) WHERE (status = 'failed'::text);
CREATE UNIQUE INDEX llm_traces_default_created_at_span_id_trace_id_idx ON genai.llm_traces_default USING btree (created_at, span_id, trace_id);
CREATE INDEX llm_traces_default_trace_id_idx ON genai.llm_traces_default USING btree (trace_id);

CREATE UNIQUE INDEX migrations_pkey ON genai.migrations USING btree (version);

CREATE UNIQUE INDEX model_prices_pkey ON genai.model_prices USING btree (provider, model);

CREATE UNIQUE INDEX outcomes_key ON genai.outcomes USING btree (error_category, retry_reason, cost_status) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX outcomes_pkey ON genai.outcomes USING btree (id);

CREATE UNIQUE INDEX rollup_day_pkey ON genai.rollup_day USING btree (bucket, series_id, outcome_id);

CREATE UNIQUE INDEX rollup_hour_pkey ON genai.rollup_hour USING btree (bucket, series_id, outcome_id);

CREATE UNIQUE INDEX rollup_minute_pkey ON genai.rollup_minute USING btree (bucket, series_id, outcome_id);

CREATE UNIQUE INDEX series_key ON genai.series USING btree (service_name, environment, model_provider, model, operation);
CREATE UNIQUE INDEX series_pkey ON genai.series USING btree (id);

CREATE UNIQUE INDEX spans_key ON ONLY genai.spans USING btree (created_at, span_id, trace_id);
CREATE INDEX spans_trace ON ONLY genai.spans USING btree (trace_id);

CREATE UNIQUE INDEX spans_default_created_at_span_id_trace_id_idx ON genai.spans_default USING btree (created_at, span_id, trace_id);
CREATE INDEX spans_default_trace_id_idx ON genai.spans_default USING btree (trace_id);

CREATE UNIQUE INDEX user_day_pkey ON genai.user_day USING btree (bucket, series_id, user_id);

CREATE UNIQUE INDEX user_hour_pkey ON genai.user_hour USING btree (bucket, series_id, user_id);

create view calls_by_day as
 SELECT r.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
        CASE
            WHEN o.error_category IS NULL THEN 'completed'::text
            ELSE 'failed'::text
        END AS status,
    o.error_category,
    o.retry_reason,
    o.cost_status,
    r.calls,
        CASE
            WHEN o.error_category IS NULL THEN 0::bigint
            ELSE r.calls
        END AS failed,
    r.retried,
    r.retries,
    r.repeats,
    r.first_failed,
    r.retryable,
    r.error_retry_after_ms,
    r.retry_wait_ms,
    r.duration_ms,
    r.ttft_ms,
    r.ttft_calls,
    r.output_tokens_per_second,
    r.output_rate_calls,
    r.cached_calls,
    r.input_tokens,
    r.output_tokens,
    r.cache_read_input_tokens,
    r.cache_creation_input_tokens,
    r.reasoning_tokens,
    r.cost_usd,
    r.cost_input_usd,
    r.cost_cache_read_usd,
    r.cost_cache_write_usd,
    r.cost_output_usd,
    r.cost_without_cache_usd,
    r.cache_savings_usd,
        CASE
            WHEN o.error_category IS NULL THEN 0::double precision
            ELSE r.cost_usd
        END AS wasted_usd,
        CASE
            WHEN o.cost_status = ANY (ARRAY['priced'::text, 'ambiguous_usage'::text]) THEN r.calls
            ELSE 0::bigint
        END AS priced_calls,
    r.retried_once,
    r.retried_twice,
    r.retried_more
   FROM genai.rollup_day r
     JOIN genai.series s ON s.id = r.series_id
     JOIN genai.outcomes o ON o.id = r.outcome_id;
-- Model calls per day in words: sums over who called what (series) and how it ended (outcomes)

create view calls_by_hour as
 SELECT r.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
        CASE
            WHEN o.error_category IS NULL THEN 'completed'::text
            ELSE 'failed'::text
        END AS status,
    o.error_category,
    o.retry_reason,
    o.cost_status,
    r.calls,
        CASE
            WHEN o.error_category IS NULL THEN 0::bigint
            ELSE r.calls
        END AS failed,
    r.retried,
    r.retries,
    r.repeats,
    r.first_failed,
    r.retryable,
    r.error_retry_after_ms,
    r.retry_wait_ms,
    r.duration_ms,
    r.ttft_ms,
    r.ttft_calls,
    r.output_tokens_per_second,
    r.output_rate_calls,
    r.cached_calls,
    r.input_tokens,
    r.output_tokens,
    r.cache_read_input_tokens,
    r.cache_creation_input_tokens,
    r.reasoning_tokens,
    r.cost_usd,
    r.cost_input_usd,
    r.cost_cache_read_usd,
    r.cost_cache_write_usd,
    r.cost_output_usd,
    r.cost_without_cache_usd,
    r.cache_savings_usd,
        CASE
            WHEN o.error_category IS NULL THEN 0::double precision
            ELSE r.cost_usd
        END AS wasted_usd,
        CASE
            WHEN o.cost_status = ANY (ARRAY['priced'::text, 'ambiguous_usage'::text]) THEN r.calls
            ELSE 0::bigint
        END AS priced_calls,
    r.retried_once,
    r.retried_twice,
    r.retried_more
   FROM genai.rollup_hour r
     JOIN genai.series s ON s.id = r.series_id
     JOIN genai.outcomes o ON o.id = r.outcome_id;
-- Model calls per hour in words: sums over who called what (series) and how it ended (outcomes)

create view calls_by_minute as
 SELECT r.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
        CASE
            WHEN o.error_category IS NULL THEN 'completed'::text
            ELSE 'failed'::text
        END AS status,
    o.error_category,
    o.retry_reason,
    o.cost_status,
    r.calls,
        CASE
            WHEN o.error_category IS NULL THEN 0::bigint
            ELSE r.calls
        END AS failed,
    r.retried,
    r.retries,
    r.repeats,
    r.first_failed,
    r.retryable,
    r.error_retry_after_ms,
    r.retry_wait_ms,
    r.duration_ms,
    r.ttft_ms,
    r.ttft_calls,
    r.output_tokens_per_second,
    r.output_rate_calls,
    r.cached_calls,
    r.input_tokens,
    r.output_tokens,
    r.cache_read_input_tokens,
    r.cache_creation_input_tokens,
    r.reasoning_tokens,
    r.cost_usd,
    r.cost_input_usd,
    r.cost_cache_read_usd,
    r.cost_cache_write_usd,
    r.cost_output_usd,
    r.cost_without_cache_usd,
    r.cache_savings_usd,
        CASE
            WHEN o.error_category IS NULL THEN 0::double precision
            ELSE r.cost_usd
        END AS wasted_usd,
        CASE
            WHEN o.cost_status = ANY (ARRAY['priced'::text, 'ambiguous_usage'::text]) THEN r.calls
            ELSE 0::bigint
        END AS priced_calls,
    r.retried_once,
    r.retried_twice,
    r.retried_more
   FROM genai.rollup_minute r
     JOIN genai.series s ON s.id = r.series_id
     JOIN genai.outcomes o ON o.id = r.outcome_id;
-- Model calls per minute in words: sums over who called what (series) and how it ended (outcomes)

create view histograms_by_day as
 SELECT h.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
        CASE
            WHEN h.measure = 3 THEN 'ttft'::text
            ELSE 'duration'::text
        END AS measure,
        CASE
            WHEN h.measure = 2 THEN 'failed'::text
            ELSE 'completed'::text
        END AS status,
    h.counts
   FROM genai.histogram_day h
     JOIN genai.series s ON s.id = h.series_id;
-- Histograms per day in words. measure: duration or ttft; counts: see histogram_quantile

create view histograms_by_hour as
 SELECT h.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
        CASE
            WHEN h.measure = 3 THEN 'ttft'::text
            ELSE 'duration'::text
        END AS measure,
        CASE
            WHEN h.measure = 2 THEN 'failed'::text
            ELSE 'completed'::text
        END AS status,
    h.counts
   FROM genai.histogram_hour h
     JOIN genai.series s ON s.id = h.series_id;
-- Histograms per hour in words. measure: duration or ttft; counts: see histogram_quantile

create view histograms_by_minute as
 SELECT h.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
        CASE
            WHEN h.measure = 3 THEN 'ttft'::text
            ELSE 'duration'::text
        END AS measure,
        CASE
            WHEN h.measure = 2 THEN 'failed'::text
            ELSE 'completed'::text
        END AS status,
    h.counts
   FROM genai.histogram_minute h
     JOIN genai.series s ON s.id = h.series_id;
-- Histograms per minute in words. measure: duration or ttft; counts: see histogram_quantile

create view trace_spans as
 SELECT llm_traces.trace_id,
    llm_traces.span_id,
    llm_traces.parent_span_id,
    llm_traces.name,
    llm_traces.created_at,
    llm_traces.duration_ms,
    llm_traces.service_name,
    llm_traces.environment,
    llm_traces.scope_name,
    llm_traces.status,
    llm_traces.error_message,
    llm_traces.http_status,
    true AS genai,
    llm_traces.llm_call,
    llm_traces.operation,
    llm_traces.model_provider,
    llm_traces.model,
    llm_traces.error_category,
    llm_traces.retry_count,
    llm_traces.retry_reason,
    llm_traces.retry_of,
    llm_traces.input_tokens,
    llm_traces.output_tokens,
    llm_traces.cache_read_input_tokens,
    llm_traces.cache_creation_input_tokens,
    llm_traces.cost_usd,
    llm_traces.cache_savings_usd,
    llm_traces.attributes
   FROM genai.llm_traces
UNION ALL
 SELECT s.trace_id,
    s.span_id,
    s.parent_span_id,
    s.name,
    s.created_at,
    s.duration_ms,
    s.service_name,
    s.environment,
    s.scope_name,
    s.status,
    s.error_message,
    s.http_status,
    false AS genai,
    false AS llm_call,
    NULL::text AS operation,
    NULL::text AS model_provider,
    NULL::text AS model,
    NULL::text AS error_category,
    NULL::integer AS retry_count,
    NULL::text AS retry_reason,
    NULL::text AS retry_of,
    NULL::bigint AS input_tokens,
    NULL::bigint AS output_tokens,
    NULL::bigint AS cache_read_input_tokens,
    NULL::bigint AS cache_creation_input_tokens,
    NULL::double precision AS cost_usd,
    NULL::double precision AS cache_savings_usd,
    s.attributes
   FROM genai.spans s
  WHERE NOT (EXISTS ( SELECT
           FROM genai.llm_traces t
          WHERE t.trace_id = s.trace_id AND t.span_id = s.span_id AND t.created_at = s.created_at));
-- All spans of a trace, GenAI or not: the waterfall. Ask with a trace_id

create view users_by_day as
 SELECT u.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
    u.user_id,
    u.calls,
    u.failed,
    u.input_tokens,
    u.output_tokens,
    u.cost_usd,
    u.cache_savings_usd
   FROM genai.user_day u
     JOIN genai.series s ON s.id = u.series_id;
-- Model calls per UTC day and end user in words; the same columns as users_by_hour

create view users_by_hour as
 SELECT u.bucket,
    s.service_name,
    s.environment,
    s.model_provider,
    s.model,
    s.operation,
    u.user_id,
    u.calls,
    u.failed,
    u.input_tokens,
    u.output_tokens,
    u.cost_usd,
    u.cache_savings_usd
   FROM genai.user_hour u
     JOIN genai.series s ON s.id = u.series_id;
-- Model calls per hour and end user in words; only calls that name a user

CREATE OR REPLACE FUNCTION genai.add_calls_day(rows genai.rollup_minute[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into rollup_day as r
          select utc_floor('1 day', bucket), series_id, outcome_id,
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
      $function$

CREATE OR REPLACE FUNCTION genai.add_calls_hour(rows genai.rollup_minute[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into rollup_hour as r
          select utc_floor('01:00:00', bucket), series_id, outcome_id,
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
      $function$

CREATE OR REPLACE FUNCTION genai.add_calls_minute(rows genai.rollup_minute[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into rollup_minute as r
          select utc_floor('00:01:00', bucket), series_id, outcome_id,
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
      $function$

CREATE OR REPLACE FUNCTION genai.add_durations_day(minutes integer[], series_ids integer[], measures smallint[], histograms text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into histogram_day as h
          select utc_floor('1 day', to_timestamp(minute * 60.0)), series_id, measure, histogram_sum(histogram::bigint[])
          from unnest(minutes, series_ids, measures, histograms) t (minute, series_id, measure, histogram)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict (bucket, series_id, measure) do update set counts = histogram_merge(h.counts, excluded.counts);
      end
      $function$

CREATE OR REPLACE FUNCTION genai.add_durations_hour(minutes integer[], series_ids integer[], measures smallint[], histograms text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into histogram_hour as h
          select utc_floor('01:00:00', to_timestamp(minute * 60.0)), series_id, measure, histogram_sum(histogram::bigint[])
          from unnest(minutes, series_ids, measures, histograms) t (minute, series_id, measure, histogram)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict (bucket, series_id, measure) do update set counts = histogram_merge(h.counts, excluded.counts);
      end
      $function$

CREATE OR REPLACE FUNCTION genai.add_durations_minute(minutes integer[], series_ids integer[], measures smallint[], histograms text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into histogram_minute as h
          select utc_floor('00:01:00', to_timestamp(minute * 60.0)), series_id, measure, histogram_sum(histogram::bigint[])
          from unnest(minutes, series_ids, measures, histograms) t (minute, series_id, measure, histogram)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict (bucket, series_id, measure) do update set counts = histogram_merge(h.counts, excluded.counts);
      end
      $function$

CREATE OR REPLACE FUNCTION genai.add_users_day(hours integer[], series_ids integer[], user_ids text[], calls bigint[], failed bigint[], input_tokens bigint[], output_tokens bigint[], cost_usd double precision[], cache_savings_usd double precision[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into user_day as u
          select utc_floor('1 day', to_timestamp(t.hour * 3600.0)), t.series_id, t.user_id, sum(t.calls), sum(t.failed), sum(t.input_tokens),
            sum(t.output_tokens), sum(t.cost_usd), sum(t.savings)
          from unnest(hours, series_ids, user_ids, calls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd)
            t (hour, series_id, user_id, calls, failed, input_tokens, output_tokens, cost_usd, savings)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict on constraint user_day_pkey do update set
          calls = u.calls + excluded.calls,
          failed = u.failed + excluded.failed,
          input_tokens = u.input_tokens + excluded.input_tokens,
          output_tokens = u.output_tokens + excluded.output_tokens,
          cost_usd = u.cost_usd + excluded.cost_usd,
          cache_savings_usd = u.cache_savings_usd + excluded.cache_savings_usd;
      end
      $function$

CREATE OR REPLACE FUNCTION genai.add_users_hour(hours integer[], series_ids integer[], user_ids text[], calls bigint[], failed bigint[], input_tokens bigint[], output_tokens bigint[], cost_usd double precision[], cache_savings_usd double precision[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
      begin
        insert into user_hour as u
          select utc_floor('01:00:00', to_timestamp(t.hour * 3600.0)), t.series_id, t.user_id, sum(t.calls), sum(t.failed), sum(t.input_tokens),
            sum(t.output_tokens), sum(t.cost_usd), sum(t.savings)
          from unnest(hours, series_ids, user_ids, calls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd)
            t (hour, series_id, user_id, calls, failed, input_tokens, output_tokens, cost_usd, savings)
          group by 1, 2, 3
          order by 1, 2, 3
        on conflict on constraint user_hour_pkey do update set
          calls = u.calls + excluded.calls,
          failed = u.failed + excluded.failed,
          input_tokens = u.input_tokens + excluded.input_tokens,
          output_tokens = u.output_tokens + excluded.output_tokens,
          cost_usd = u.cost_usd + excluded.cost_usd,
          cache_savings_usd = u.cache_savings_usd + excluded.cache_savings_usd;
      end
      $function$

CREATE OR REPLACE FUNCTION genai.calls(from_time timestamp with time zone, to_time timestamp with time zone)
 RETURNS SETOF genai.calls_by_minute
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT calls_by_minute.bucket,
     calls_by_minute.service_name,
     calls_by_minute.environment,
     calls_by_minute.model_provider,
     calls_by_minute.model,
     calls_by_minute.operation,
     calls_by_minute.status,
     calls_by_minute.error_category,
     calls_by_minute.retry_reason,
     calls_by_minute.cost_status,
     calls_by_minute.calls,
     calls_by_minute.failed,
     calls_by_minute.retried,
     calls_by_minute.retries,
     calls_by_minute.repeats,
     calls_by_minute.first_failed,
     calls_by_minute.retryable,
     calls_by_minute.error_retry_after_ms,
     calls_by_minute.retry_wait_ms,
     calls_by_minute.duration_ms,
     calls_by_minute.ttft_ms,
     calls_by_minute.ttft_calls,
     calls_by_minute.output_tokens_per_second,
     calls_by_minute.output_rate_calls,
     calls_by_minute.cached_calls,
     calls_by_minute.input_tokens,
     calls_by_minute.output_tokens,
     calls_by_minute.cache_read_input_tokens,
     calls_by_minute.cache_creation_input_tokens,
     calls_by_minute.reasoning_tokens,
     calls_by_minute.cost_usd,
     calls_by_minute.cost_input_usd,
     calls_by_minute.cost_cache_read_usd,
     calls_by_minute.cost_cache_write_usd,
     calls_by_minute.cost_output_usd,
     calls_by_minute.cost_without_cache_usd,
     calls_by_minute.cache_savings_usd,
     calls_by_minute.wasted_usd,
     calls_by_minute.priced_calls,
     calls_by_minute.retried_once,
     calls_by_minute.retried_twice,
     calls_by_minute.retried_more
    FROM genai.calls_by_minute
   WHERE ((calls_by_minute.bucket >= genai.utc_floor('00:01:00'::interval, calls.from_time)) AND (calls_by_minute.bucket < LEAST(genai.utc_ceil('01:00:00'::interval, genai.utc_floor('00:01:00'::interval, calls.from_time)), calls.to_time)))
 UNION ALL
  SELECT calls_by_hour.bucket,
     calls_by_hour.service_name,
     calls_by_hour.environment,
     calls_by_hour.model_provider,
     calls_by_hour.model,
     calls_by_hour.operation,
     calls_by_hour.status,
     calls_by_hour.error_category,
     calls_by_hour.retry_reason,
     calls_by_hour.cost_status,
     calls_by_hour.calls,
     calls_by_hour.failed,
     calls_by_hour.retried,
     calls_by_hour.retries,
     calls_by_hour.repeats,
     calls_by_hour.first_failed,
     calls_by_hour.retryable,
     calls_by_hour.error_retry_after_ms,
     calls_by_hour.retry_wait_ms,
     calls_by_hour.duration_ms,
     calls_by_hour.ttft_ms,
     calls_by_hour.ttft_calls,
     calls_by_hour.output_tokens_per_second,
     calls_by_hour.output_rate_calls,
     calls_by_hour.cached_calls,
     calls_by_hour.input_tokens,
     calls_by_hour.output_tokens,
     calls_by_hour.cache_read_input_tokens,
     calls_by_hour.cache_creation_input_tokens,
     calls_by_hour.reasoning_tokens,
     calls_by_hour.cost_usd,
     calls_by_hour.cost_input_usd,
     calls_by_hour.cost_cache_read_usd,
     calls_by_hour.cost_cache_write_usd,
     calls_by_hour.cost_output_usd,
     calls_by_hour.cost_without_cache_usd,
     calls_by_hour.cache_savings_usd,
     calls_by_hour.wasted_usd,
     calls_by_hour.priced_calls,
     calls_by_hour.retried_once,
     calls_by_hour.retried_twice,
     calls_by_hour.retried_more
    FROM genai.calls_by_hour
   WHERE ((calls_by_hour.bucket >= genai.utc_ceil('01:00:00'::interval, genai.utc_floor('00:01:00'::interval, calls.from_time))) AND (calls_by_hour.bucket < LEAST(genai.utc_ceil('1 day'::interval, genai.utc_floor('00:01:00'::interval, calls.from_time)), genai.utc_floor('01:00:00'::interval, calls.to_time))))
 UNION ALL
  SELECT calls_by_day.bucket,
     calls_by_day.service_name,
     calls_by_day.environment,
     calls_by_day.model_provider,
     calls_by_day.model,
     calls_by_day.operation,
     calls_by_day.status,
     calls_by_day.error_category,
     calls_by_day.retry_reason,
     calls_by_day.cost_status,
     calls_by_day.calls,
     calls_by_day.failed,
     calls_by_day.retried,
     calls_by_day.retries,
     calls_by_day.repeats,
     calls_by_day.first_failed,
     calls_by_day.retryable,
     calls_by_day.error_retry_after_ms,
     calls_by_day.retry_wait_ms,
     calls_by_day.duration_ms,
     calls_by_day.ttft_ms,
     calls_by_day.ttft_calls,
     calls_by_day.output_tokens_per_second,
     calls_by_day.output_rate_calls,
     calls_by_day.cached_calls,
     calls_by_day.input_tokens,
     calls_by_day.output_tokens,
     calls_by_day.cache_read_input_tokens,
     calls_by_day.cache_creation_input_tokens,
     calls_by_day.reasoning_tokens,
     calls_by_day.cost_usd,
     calls_by_day.cost_input_usd,
     calls_by_day.cost_cache_read_usd,
     calls_by_day.cost_cache_write_usd,
     calls_by_day.cost_output_usd,
     calls_by_day.cost_without_cache_usd,
     calls_by_day.cache_savings_usd,
     calls_by_day.wasted_usd,
     calls_by_day.priced_calls,
     calls_by_day.retried_once,
     calls_by_day.retried_twice,
     calls_by_day.retried_more
    FROM genai.calls_by_day
   WHERE ((calls_by_day.bucket >= genai.utc_ceil('1 day'::interval, genai.utc_floor('00:01:00'::interval, calls.from_time))) AND (calls_by_day.bucket < genai.utc_floor('1 day'::interval, calls.to_time)))
 UNION ALL
  SELECT calls_by_hour.bucket,
     calls_by_hour.service_name,
     calls_by_hour.environment,
     calls_by_hour.model_provider,
     calls_by_hour.model,
     calls_by_hour.operation,
     calls_by_hour.status,
     calls_by_hour.error_category,
     calls_by_hour.retry_reason,
     calls_by_hour.cost_status,
     calls_by_hour.calls,
     calls_by_hour.failed,
     calls_by_hour.retried,
     calls_by_hour.retries,
     calls_by_hour.repeats,
     calls_by_hour.first_failed,
     calls_by_hour.retryable,
     calls_by_hour.error_retry_after_ms,
     calls_by_hour.retry_wait_ms,
     calls_by_hour.duration_ms,
     calls_by_hour.ttft_ms,
     calls_by_hour.ttft_calls,
     calls_by_hour.output_tokens_per_second,
     calls_by_hour.output_rate_calls,
     calls_by_hour.cached_calls,
     calls_by_hour.input_tokens,
     calls_by_hour.output_tokens,
     calls_by_hour.cache_read_input_tokens,
     calls_by_hour.cache_creation_input_tokens,
     calls_by_hour.reasoning_tokens,
     calls_by_hour.cost_usd,
     calls_by_hour.cost_input_usd,
     calls_by_hour.cost_cache_read_usd,
     calls_by_hour.cost_cache_write_usd,
     calls_by_hour.cost_output_usd,
     calls_by_hour.cost_without_cache_usd,
     calls_by_hour.cache_savings_usd,
     calls_by_hour.wasted_usd,
     calls_by_hour.priced_calls,
     calls_by_hour.retried_once,
     calls_by_hour.retried_twice,
     calls_by_hour.retried_more
    FROM genai.calls_by_hour
   WHERE ((calls_by_hour.bucket >= GREATEST(genai.utc_floor('1 day'::interval, calls.to_time), genai.utc_ceil('1 day'::interval, genai.utc_floor('00:01:00'::interval, calls.from_time)))) AND (calls_by_hour.bucket < genai.utc_floor('01:00:00'::interval, calls.to_time)))
 UNION ALL
  SELECT calls_by_minute.bucket,
     calls_by_minute.service_name,
     calls_by_minute.environment,
     calls_by_minute.model_provider,
     calls_by_minute.model,
     calls_by_minute.operation,
     calls_by_minute.status,
     calls_by_minute.error_category,
     calls_by_minute.retry_reason,
     calls_by_minute.cost_status,
     calls_by_minute.calls,
     calls_by_minute.failed,
     calls_by_minute.retried,
     calls_by_minute.retries,
     calls_by_minute.repeats,
     calls_by_minute.first_failed,
     calls_by_minute.retryable,
     calls_by_minute.error_retry_after_ms,
     calls_by_minute.retry_wait_ms,
     calls_by_minute.duration_ms,
     calls_by_minute.ttft_ms,
     calls_by_minute.ttft_calls,
     calls_by_minute.output_tokens_per_second,
     calls_by_minute.output_rate_calls,
     calls_by_minute.cached_calls,
     calls_by_minute.input_tokens,
     calls_by_minute.output_tokens,
     calls_by_minute.cache_read_input_tokens,
     calls_by_minute.cache_creation_input_tokens,
     calls_by_minute.reasoning_tokens,
     calls_by_minute.cost_usd,
     calls_by_minute.cost_input_usd,
     calls_by_minute.cost_cache_read_usd,
     calls_by_minute.cost_cache_write_usd,
     calls_by_minute.cost_output_usd,
     calls_by_minute.cost_without_cache_usd,
     calls_by_minute.cache_savings_usd,
     calls_by_minute.wasted_usd,
     calls_by_minute.priced_calls,
     calls_by_minute.retried_once,
     calls_by_minute.retried_twice,
     calls_by_minute.retried_more
    FROM genai.calls_by_minute
   WHERE ((calls_by_minute.bucket >= GREATEST(genai.utc_floor('01:00:00'::interval, calls.to_time), genai.utc_ceil('01:00:00'::interval, genai.utc_floor('00:01:00'::interval, calls.from_time)))) AND (calls_by_minute.bucket < calls.to_time));
END
-- Model calls between two times, exact to the minute, to be summed: the columns of calls_by_minute. Buckets are of mixed width: for a graph use calls_over_time

CREATE OR REPLACE FUNCTION genai.calls_over_time(from_time timestamp with time zone, to_time timestamp with time zone, step interval)
 RETURNS SETOF genai.calls_by_minute
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT genai.utc_floor(calls_over_time.step, calls_by_minute.bucket) AS utc_floor,
     calls_by_minute.service_name,
     calls_by_minute.environment,
     calls_by_minute.model_provider,
     calls_by_minute.model,
     calls_by_minute.operation,
     calls_by_minute.status,
     calls_by_minute.error_category,
     calls_by_minute.retry_reason,
     calls_by_minute.cost_status,
     calls_by_minute.calls,
     calls_by_minute.failed,
     calls_by_minute.retried,
     calls_by_minute.retries,
     calls_by_minute.repeats,
     calls_by_minute.first_failed,
     calls_by_minute.retryable,
     calls_by_minute.error_retry_after_ms,
     calls_by_minute.retry_wait_ms,
     calls_by_minute.duration_ms,
     calls_by_minute.ttft_ms,
     calls_by_minute.ttft_calls,
     calls_by_minute.output_tokens_per_second,
     calls_by_minute.output_rate_calls,
     calls_by_minute.cached_calls,
     calls_by_minute.input_tokens,
     calls_by_minute.output_tokens,
     calls_by_minute.cache_read_input_tokens,
     calls_by_minute.cache_creation_input_tokens,
     calls_by_minute.reasoning_tokens,
     calls_by_minute.cost_usd,
     calls_by_minute.cost_input_usd,
     calls_by_minute.cost_cache_read_usd,
     calls_by_minute.cost_cache_write_usd,
     calls_by_minute.cost_output_usd,
     calls_by_minute.cost_without_cache_usd,
     calls_by_minute.cache_savings_usd,
     calls_by_minute.wasted_usd,
     calls_by_minute.priced_calls,
     calls_by_minute.retried_once,
     calls_by_minute.retried_twice,
     calls_by_minute.retried_more
    FROM genai.calls_by_minute
   WHERE ((calls_over_time.step < '01:00:00'::interval) AND ((calls_over_time.to_time - calls_over_time.from_time) <= '36:00:00'::interval) AND (calls_by_minute.bucket >= genai.utc_floor('00:01:00'::interval, calls_over_time.from_time)) AND (calls_by_minute.bucket < calls_over_time.to_time))
 UNION ALL
  SELECT genai.utc_floor(calls_over_time.step, calls_by_hour.bucket) AS utc_floor,
     calls_by_hour.service_name,
     calls_by_hour.environment,
     calls_by_hour.model_provider,
     calls_by_hour.model,
     calls_by_hour.operation,
     calls_by_hour.status,
     calls_by_hour.error_category,
     calls_by_hour.retry_reason,
     calls_by_hour.cost_status,
     calls_by_hour.calls,
     calls_by_hour.failed,
     calls_by_hour.retried,
     calls_by_hour.retries,
     calls_by_hour.repeats,
     calls_by_hour.first_failed,
     calls_by_hour.retryable,
     calls_by_hour.error_retry_after_ms,
     calls_by_hour.retry_wait_ms,
     calls_by_hour.duration_ms,
     calls_by_hour.ttft_ms,
     calls_by_hour.ttft_calls,
     calls_by_hour.output_tokens_per_second,
     calls_by_hour.output_rate_calls,
     calls_by_hour.cached_calls,
     calls_by_hour.input_tokens,
     calls_by_hour.output_tokens,
     calls_by_hour.cache_read_input_tokens,
     calls_by_hour.cache_creation_input_tokens,
     calls_by_hour.reasoning_tokens,
     calls_by_hour.cost_usd,
     calls_by_hour.cost_input_usd,
     calls_by_hour.cost_cache_read_usd,
     calls_by_hour.cost_cache_write_usd,
     calls_by_hour.cost_output_usd,
     calls_by_hour.cost_without_cache_usd,
     calls_by_hour.cache_savings_usd,
     calls_by_hour.wasted_usd,
     calls_by_hour.priced_calls,
     calls_by_hour.retried_once,
     calls_by_hour.retried_twice,
     calls_by_hour.retried_more
    FROM genai.calls_by_hour
   WHERE (((calls_over_time.step >= '01:00:00'::interval) OR ((calls_over_time.to_time - calls_over_time.from_time) > '36:00:00'::interval)) AND (calls_over_time.step < '1 day'::interval) AND (calls_by_hour.bucket >= genai.utc_floor('01:00:00'::interval, calls_over_time.from_time)) AND (calls_by_hour.bucket < calls_over_time.to_time))
 UNION ALL
  SELECT genai.utc_floor(calls_over_time.step, calls_by_day.bucket) AS utc_floor,
     calls_by_day.service_name,
     calls_by_day.environment,
     calls_by_day.model_provider,
     calls_by_day.model,
     calls_by_day.operation,
     calls_by_day.status,
     calls_by_day.error_category,
     calls_by_day.retry_reason,
     calls_by_day.cost_status,
     calls_by_day.calls,
     calls_by_day.failed,
     calls_by_day.retried,
     calls_by_day.retries,
     calls_by_day.repeats,
     calls_by_day.first_failed,
     calls_by_day.retryable,
     calls_by_day.error_retry_after_ms,
     calls_by_day.retry_wait_ms,
     calls_by_day.duration_ms,
     calls_by_day.ttft_ms,
     calls_by_day.ttft_calls,
     calls_by_day.output_tokens_per_second,
     calls_by_day.output_rate_calls,
     calls_by_day.cached_calls,
     calls_by_day.input_tokens,
     calls_by_day.output_tokens,
     calls_by_day.cache_read_input_tokens,
     calls_by_day.cache_creation_input_tokens,
     calls_by_day.reasoning_tokens,
     calls_by_day.cost_usd,
     calls_by_day.cost_input_usd,
     calls_by_day.cost_cache_read_usd,
     calls_by_day.cost_cache_write_usd,
     calls_by_day.cost_output_usd,
     calls_by_day.cost_without_cache_usd,
     calls_by_day.cache_savings_usd,
     calls_by_day.wasted_usd,
     calls_by_day.priced_calls,
     calls_by_day.retried_once,
     calls_by_day.retried_twice,
     calls_by_day.retried_more
    FROM genai.calls_by_day
   WHERE ((calls_over_time.step >= '1 day'::interval) AND (calls_by_day.bucket >= genai.utc_floor('1 day'::interval, calls_over_time.from_time)) AND (calls_by_day.bucket < calls_over_time.to_time));
END
-- Model calls for a graph: the columns of calls_by_minute, bucket floored to the step (UTC). Beyond 36 h the resolution is an hour, with steps of a day and more it is a UTC day

CREATE OR REPLACE FUNCTION genai.count_calls(calls json)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
declare
  rows rollup_minute[] := array(select r from json_populate_recordset(null::rollup_minute, calls) r);
begin
  perform add_calls_minute(rows), add_calls_hour(rows), add_calls_day(rows);
end
$function$
-- Adds calls to the rollups of all three widths, in the transaction that stores the rows

CREATE OR REPLACE FUNCTION genai.count_durations(minutes integer[], series_ids integer[], measures smallint[], histograms text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
begin
  perform add_durations_minute(minutes, series_ids, measures, histograms);
  perform add_durations_hour(minutes, series_ids, measures, histograms);
  perform add_durations_day(minutes, series_ids, measures, histograms);
end
$function$
-- Adds durations and times to first chunk to the histograms of all three widths

CREATE OR REPLACE FUNCTION genai.count_users(hours integer[], series_ids integer[], user_ids text[], calls bigint[], failed bigint[], input_tokens bigint[], output_tokens bigint[], cost_usd double precision[], cache_savings_usd double precision[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
begin
  perform add_users_hour(hours, series_ids, user_ids, calls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd);
  perform add_users_day(hours, series_ids, user_ids, calls, failed, input_tokens, output_tokens, cost_usd, cache_savings_usd);
end
$function$
-- Adds calls to user_hour and user_day

CREATE OR REPLACE FUNCTION genai.create_day_partitions(from_day date, to_day date)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'genai'
AS $function$
declare
  parent text;
  partition text;
  day date;
  day_start timestamptz;
  day_end timestamptz;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('genai-otel partitions'), hashtext(current_schema()));
  foreach parent in array array['llm_traces', 'spans'] loop
    for day in select generate_series(from_day, to_day, interval '1 day')::date loop
      partition := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
      continue when to_regclass(partition) is not null;
      day_start := day::timestamp at time zone 'UTC';
      day_end := day_start + interval '24 hours';
      execute format('create table %I (like %I including defaults including constraints including storage including indexes)', partition, parent);
      execute format(
        'with moved as (delete from %I where created_at >= %L and created_at < %L returning *) insert into %I select * from moved',
        parent || '_default', day_start, day_end, partition);
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, partition, day_start, day_end);
      made := made + 1;
    end loop;
  end loop;
  return made;
end
$function$
-- Makes the day partitions of llm_traces and spans from the first to the last day given; answers how many were missing

create aggregate histogram(bin smallint, calls bigint): genai.histogram_add
-- Merges histogram rows into one histogram for histogram_quantile. Much faster over rows that were grouped by bin first

CREATE OR REPLACE FUNCTION genai.histogram_add(counts bigint[], bin smallint, calls bigint)
 RETURNS bigint[]
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  counts[bin] := coalesce(counts[bin], 0) + coalesce(calls, 0);
  return counts;
end
$function$
-- Step of the aggregate histogram

CREATE OR REPLACE FUNCTION genai.histogram_between(counts bigint[], first_bin integer, last_bin integer)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (SELECT (COALESCE(sum(n.n), (0)::numeric))::bigint AS "coalesce" FROM unnest((histogram_between.counts)[histogram_between.first_bin:histogram_between.last_bin]) n(n))
-- Calls in the bins from the first to the last

CREATE OR REPLACE FUNCTION genai.histogram_bin(ms double precision)
 RETURNS smallint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (ms > (1)::double precision) THEN (LEAST((255)::double precision, ceil((((ln(ms) / ln((2.0)::double precision)) * (8)::double precision) - (0.000000001)::double precision))))::smallint ELSE (0)::smallint END
-- Bin of a duration in ms

CREATE OR REPLACE FUNCTION genai.histogram_bin_ms(bin integer)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN power((2)::double precision, ((bin)::double precision / (8.0)::double precision))
-- Upper bound of a bin in ms; its lower bound is that of the bin before

CREATE OR REPLACE FUNCTION genai.histogram_merge(a bigint[], b bigint[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
begin
  for bin in coalesce(array_lower(b, 1), 1) .. coalesce(array_upper(b, 1), 0) loop
    a[bin] := coalesce(a[bin], 0) + coalesce(b[bin], 0);
  end loop;
  return a;
end
$function$
-- Adds two histograms bin by bin

CREATE OR REPLACE FUNCTION genai.histogram_quantile(counts bigint[], quantile double precision)
 RETURNS double precision
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
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
$function$
-- Quantile (0 to 1) of a histogram in ms, off by at most 4.5 %; null for an empty one

create aggregate histogram_sum(counts bigint[]): genai.histogram_merge
-- Merges histograms into one for histogram_quantile

CREATE OR REPLACE FUNCTION genai.histograms(from_time timestamp with time zone, to_time timestamp with time zone)
 RETURNS SETOF genai.histograms_by_minute
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT histograms_by_minute.bucket,
     histograms_by_minute.service_name,
     histograms_by_minute.environment,
     histograms_by_minute.model_provider,
     histograms_by_minute.model,
     histograms_by_minute.operation,
     histograms_by_minute.measure,
     histograms_by_minute.status,
     histograms_by_minute.counts
    FROM genai.histograms_by_minute
   WHERE ((histograms_by_minute.bucket >= genai.utc_floor('00:01:00'::interval, histograms.from_time)) AND (histograms_by_minute.bucket < LEAST(genai.utc_ceil('01:00:00'::interval, genai.utc_floor('00:01:00'::interval, histograms.from_time)), histograms.to_time)))
 UNION ALL
  SELECT histograms_by_hour.bucket,
     histograms_by_hour.service_name,
     histograms_by_hour.environment,
     histograms_by_hour.model_provider,
     histograms_by_hour.model,
     histograms_by_hour.operation,
     histograms_by_hour.measure,
     histograms_by_hour.status,
     histograms_by_hour.counts
    FROM genai.histograms_by_hour
   WHERE ((histograms_by_hour.bucket >= genai.utc_ceil('01:00:00'::interval, genai.utc_floor('00:01:00'::interval, histograms.from_time))) AND (histograms_by_hour.bucket < LEAST(genai.utc_ceil('1 day'::interval, genai.utc_floor('00:01:00'::interval, histograms.from_time)), genai.utc_floor('01:00:00'::interval, histograms.to_time))))
 UNION ALL
  SELECT histograms_by_day.bucket,
     histograms_by_day.service_name,
     histograms_by_day.environment,
     histograms_by_day.model_provider,
     histograms_by_day.model,
     histograms_by_day.operation,
     histograms_by_day.measure,
     histograms_by_day.status,
     histograms_by_day.counts
    FROM genai.histograms_by_day
   WHERE ((histograms_by_day.bucket >= genai.utc_ceil('1 day'::interval, genai.utc_floor('00:01:00'::interval, histograms.from_time))) AND (histograms_by_day.bucket < genai.utc_floor('1 day'::interval, histograms.to_time)))
 UNION ALL
  SELECT histograms_by_hour.bucket,
     histograms_by_hour.service_name,
     histograms_by_hour.environment,
     histograms_by_hour.model_provider,
     histograms_by_hour.model,
     histograms_by_hour.operation,
     histograms_by_hour.measure,
     histograms_by_hour.status,
     histograms_by_hour.counts
    FROM genai.histograms_by_hour
   WHERE ((histograms_by_hour.bucket >= GREATEST(genai.utc_floor('1 day'::interval, histograms.to_time), genai.utc_ceil('1 day'::interval, genai.utc_floor('00:01:00'::interval, histograms.from_time)))) AND (histograms_by_hour.bucket < genai.utc_floor('01:00:00'::interval, histograms.to_time)))
 UNION ALL
  SELECT histograms_by_minute.bucket,
     histograms_by_minute.service_name,
     histograms_by_minute.environment,
     histograms_by_minute.model_provider,
     histograms_by_minute.model,
     histograms_by_minute.operation,
     histograms_by_minute.measure,
     histograms_by_minute.status,
     histograms_by_minute.counts
    FROM genai.histograms_by_minute
   WHERE ((histograms_by_minute.bucket >= GREATEST(genai.utc_floor('01:00:00'::interval, histograms.to_time), genai.utc_ceil('01:00:00'::interval, genai.utc_floor('00:01:00'::interval, histograms.from_time)))) AND (histograms_by_minute.bucket < histograms.to_time));
END
-- Histograms between two times, exact to the minute: the columns of histograms_by_minute. histogram_quantile(histogram_sum(counts), 0.95) is their p95 in ms

CREATE OR REPLACE FUNCTION genai.histograms_over_time(from_time timestamp with time zone, to_time timestamp with time zone, step interval)
 RETURNS SETOF genai.histograms_by_minute
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT genai.utc_floor(histograms_over_time.step, histograms_by_minute.bucket) AS utc_floor,
     histograms_by_minute.service_name,
     histograms_by_minute.environment,
     histograms_by_minute.model_provider,
     histograms_by_minute.model,
     histograms_by_minute.operation,
     histograms_by_minute.measure,
     histograms_by_minute.status,
     histograms_by_minute.counts
    FROM genai.histograms_by_minute
   WHERE ((histograms_over_time.step < '01:00:00'::interval) AND ((histograms_over_time.to_time - histograms_over_time.from_time) <= '36:00:00'::interval) AND (histograms_by_minute.bucket >= genai.utc_floor('00:01:00'::interval, histograms_over_time.from_time)) AND (histograms_by_minute.bucket < histograms_over_time.to_time))
 UNION ALL
  SELECT genai.utc_floor(histograms_over_time.step, histograms_by_hour.bucket) AS utc_floor,
     histograms_by_hour.service_name,
     histograms_by_hour.environment,
     histograms_by_hour.model_provider,
     histograms_by_hour.model,
     histograms_by_hour.operation,
     histograms_by_hour.measure,
     histograms_by_hour.status,
     histograms_by_hour.counts
    FROM genai.histograms_by_hour
   WHERE (((histograms_over_time.step >= '01:00:00'::interval) OR ((histograms_over_time.to_time - histograms_over_time.from_time) > '36:00:00'::interval)) AND (histograms_over_time.step < '1 day'::interval) AND (histograms_by_hour.bucket >= genai.utc_floor('01:00:00'::interval, histograms_over_time.from_time)) AND (histograms_by_hour.bucket < histograms_over_time.to_time))
 UNION ALL
  SELECT genai.utc_floor(histograms_over_time.step, histograms_by_day.bucket) AS utc_floor,
     histograms_by_day.service_name,
     histograms_by_day.environment,
     histograms_by_day.model_provider,
     histograms_by_day.model,
     histograms_by_day.operation,
     histograms_by_day.measure,
     histograms_by_day.status,
     histograms_by_day.counts
    FROM genai.histograms_by_day
   WHERE ((histograms_over_time.step >= '1 day'::interval) AND (histograms_by_day.bucket >= genai.utc_floor('1 day'::interval, histograms_over_time.from_time)) AND (histograms_by_day.bucket < histograms_over_time.to_time));
END
-- Histograms for a graph: the columns of histograms_by_minute, bucket floored to the step (UTC), resolution as calls_over_time

CREATE OR REPLACE FUNCTION genai.latencies(from_time timestamp with time zone, to_time timestamp with time zone)
 RETURNS TABLE(bucket timestamp with time zone, service_name text, environment text, model_provider text, model text, operation text, measure text, status text, bin smallint, calls bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT u.bucket,
     u.service_name,
     u.environment,
     u.model_provider,
     u.model,
     u.operation,
     u.measure,
     u.status,
     (u.bin)::smallint AS bin,
     u.calls
    FROM ( SELECT h.bucket,
             h.service_name,
             h.environment,
             h.model_provider,
             h.model,
             h.operation,
             h.measure,
             h.status,
             h.counts,
             generate_subscripts(h.counts, 1) AS bin,
             unnest(h.counts) AS calls
            FROM genai.histograms(latencies.from_time, latencies.to_time) h(bucket, service_name, environment, model_provider, model, operation, measure, status, counts)) u
   WHERE (u.calls > 0);
END
-- Histograms between two times, a row for each bin: see histogram_bin_ms

CREATE OR REPLACE FUNCTION genai.latencies_over_time(from_time timestamp with time zone, to_time timestamp with time zone, step interval)
 RETURNS TABLE(bucket timestamp with time zone, service_name text, environment text, model_provider text, model text, operation text, measure text, status text, bin smallint, calls bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT u.bucket,
     u.service_name,
     u.environment,
     u.model_provider,
     u.model,
     u.operation,
     u.measure,
     u.status,
     (u.bin)::smallint AS bin,
     u.calls
    FROM ( SELECT h.bucket,
             h.service_name,
             h.environment,
             h.model_provider,
             h.model,
             h.operation,
             h.measure,
             h.status,
             h.counts,
             generate_subscripts(h.counts, 1) AS bin,
             unnest(h.counts) AS calls
            FROM genai.histograms_over_time(latencies_over_time.from_time, latencies_over_time.to_time, latencies_over_time.step) h(bucket, service_name, environment, model_provider, model, operation, measure, status, counts)) u
   WHERE (u.calls > 0);
END
-- Histograms for a graph, a row for each bin, bucket floored to the step (UTC)

CREATE OR REPLACE FUNCTION genai.users(from_time timestamp with time zone, to_time timestamp with time zone)
 RETURNS SETOF genai.users_by_hour
 LANGUAGE sql
 STABLE PARALLEL SAFE
BEGIN ATOMIC
 SELECT users_by_hour.bucket,
     users_by_hour.service_name,
     users_by_hour.environment,
     users_by_hour.model_provider,
     users_by_hour.model,
     users_by_hour.operation,
     users_by_hour.user_id,
     users_by_hour.calls,
     users_by_hour.failed,
     users_by_hour.input_tokens,
     users_by_hour.output_tokens,
     users_by_hour.cost_usd,
     users_by_hour.cache_savings_usd
    FROM genai.users_by_hour
   WHERE ((users_by_hour.bucket >= genai.utc_floor('01:00:00'::interval, users.from_time)) AND (users_by_hour.bucket < LEAST(genai.utc_ceil('1 day'::interval, genai.utc_floor('01:00:00'::interval, users.from_time)), users.to_time)))
 UNION ALL
  SELECT users_by_day.bucket,
     users_by_day.service_name,
     users_by_day.environment,
     users_by_day.model_provider,
     users_by_day.model,
     users_by_day.operation,
     users_by_day.user_id,
     users_by_day.calls,
     users_by_day.failed,
     users_by_day.input_tokens,
     users_by_day.output_tokens,
     users_by_day.cost_usd,
     users_by_day.cache_savings_usd
    FROM genai.users_by_day
   WHERE ((users_by_day.bucket >= genai.utc_ceil('1 day'::interval, genai.utc_floor('01:00:00'::interval, users.from_time))) AND (users_by_day.bucket < genai.utc_floor('1 day'::interval, users.to_time)))
 UNION ALL
  SELECT users_by_hour.bucket,
     users_by_hour.service_name,
     users_by_hour.environment,
     users_by_hour.model_provider,
     users_by_hour.model,
     users_by_hour.operation,
     users_by_hour.user_id,
     users_by_hour.calls,
     users_by_hour.failed,
     users_by_hour.input_tokens,
     users_by_hour.output_tokens,
     users_by_hour.cost_usd,
     users_by_hour.cache_savings_usd
    FROM genai.users_by_hour
   WHERE ((users_by_hour.bucket >= GREATEST(genai.utc_floor('1 day'::interval, users.to_time), genai.utc_ceil('1 day'::interval, genai.utc_floor('01:00:00'::interval, users.from_time)))) AND (users_by_hour.bucket < users.to_time));
END
-- Model calls by end user between two times, exact to the hour, to be summed: the columns of users_by_hour

CREATE OR REPLACE FUNCTION genai.utc_ceil(width interval, at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN date_bin(width, ((at + width) - '00:00:00.000001'::interval), '2000-01-01 00:00:00+00'::timestamp with time zone)
-- First start of a bucket of that width at or after the time

CREATE OR REPLACE FUNCTION genai.utc_floor(width interval, at timestamp with time zone)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN date_bin(width, at, '2000-01-01 00:00:00+00'::timestamp with time zone)
-- Start of the bucket of that width (counted in UTC) that holds the time

CREATE OR REPLACE FUNCTION genai.wilson_lower(successes double precision, total double precision)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (total > (0)::double precision) THEN GREATEST((0)::double precision, (((successes + (1.9207)::double precision) - ((1.96)::double precision * sqrt(GREATEST((0)::double precision, (((successes * (total - successes)) / total) + (0.9604)::double precision))))) / (total + (3.8416)::double precision))) ELSE NULL::double precision END
-- Lower end of the 95 % interval of successes / total, 0 to 1; null without calls

CREATE OR REPLACE FUNCTION genai.wilson_upper(successes double precision, total double precision)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (total > (0)::double precision) THEN LEAST((1)::double precision, (((successes + (1.9207)::double precision) + ((1.96)::double precision * sqrt(GREATEST((0)::double precision, (((successes * (total - successes)) / total) + (0.9604)::double precision))))) / (total + (3.8416)::double precision))) ELSE NULL::double precision END
-- Upper end of the 95 % interval of successes / total, 0 to 1; null without calls
