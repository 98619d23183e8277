-- The rows: one per GenAI span in llm_traces, every other span of the same traces in spans.
-- Names are unqualified: the runner sets search_path to the configured schema.

create table llm_traces (
  trace_id text not null,
  span_id text not null,
  parent_span_id text,
  name text not null,
  created_at timestamptz not null,
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
) partition by range (created_at);

-- The same span has the same start, so this makes a second copy impossible, appends in time order, and serves time ranges.
create unique index llm_traces_key on llm_traces (created_at, span_id, trace_id);
create index llm_traces_trace on llm_traces (trace_id);
create index llm_traces_failed on llm_traces (created_at) where status = 'failed';

comment on table llm_traces is 'One row per GenAI span: model calls (llm_call = true) and the agents, tools, workflows and wrappers around them. Day partitions by created_at (UTC)';
comment on column llm_traces.trace_id is 'Trace id, 32 lower-case hex digits';
comment on column llm_traces.span_id is 'Span id, 16 lower-case hex digits';
comment on column llm_traces.parent_span_id is 'Span id of the parent; null for a root';
comment on column llm_traces.name is 'Span name as the application sent it';
comment on column llm_traces.created_at is 'Start of the span, by the application''s clock';
comment on column llm_traces.duration_ms is 'End minus start, retries inside the span included';
comment on column llm_traces.service_name is 'service.name of the resource';
comment on column llm_traces.environment is 'deployment.environment.name of the resource';
comment on column llm_traces.scope_name is 'Instrumentation scope that made the span';
comment on column llm_traces.operation is 'gen_ai.operation.name: chat, embeddings, execute_tool, invoke_agent, ...';
comment on column llm_traces.llm_call is 'true: one call to a model, counted in every total. false: a wrapper, agent, tool or workflow, or a second span for a call that another span stands for';
comment on column llm_traces.model_provider is 'gen_ai.provider.name: openai, anthropic, aws.bedrock, ...';
comment on column llm_traces.model is 'Model that was asked for; where nobody said, the model that answered';
comment on column llm_traces.response_model is 'Model that answered';
comment on column llm_traces.status is 'completed or failed';
comment on column llm_traces.error_message is 'Message of the failure, cut to 4,000 characters';
comment on column llm_traces.error_type is 'error.type: the provider''s code, the HTTP status, or the exception''s class';
comment on column llm_traces.error_category is 'rate_limit, quota_exceeded, model_overloaded, timeout, network_error, api_error, auth, validation or unknown; null unless failed';
comment on column llm_traces.error_retryable is 'true: the same request has a fair chance within the wait; null unless failed';
comment on column llm_traces.error_retry_after_ms is 'Wait that the provider stated, else the suggestion for the category; null unless failed';
comment on column llm_traces.http_status is 'HTTP status of the last answer';
comment on column llm_traces.retry_count is 'Failed attempts of the same operation before this outcome; null without evidence';
comment on column llm_traces.retry_reason is 'Error category of the first failed attempt; null unless retry_count > 0';
comment on column llm_traces.retry_wait_ms is 'Time between the attempts, which is not the provider''s latency; null unless retry_count > 0';
comment on column llm_traces.retry_of is 'Span id of the failed call that this one repeats. Operations = calls - calls with retry_of';
comment on column llm_traces.input_tokens is 'All input tokens, cached ones included';
comment on column llm_traces.output_tokens is 'All output tokens, reasoning included';
comment on column llm_traces.total_tokens is 'input_tokens + output_tokens';
comment on column llm_traces.cache_read_input_tokens is 'Input tokens read from the prompt cache; part of input_tokens';
comment on column llm_traces.cache_creation_input_tokens is 'Input tokens written to the prompt cache; part of input_tokens';
comment on column llm_traces.reasoning_tokens is 'Reasoning tokens; part of output_tokens';
comment on column llm_traces.cost_usd is 'What the call cost in USD; null where it is not known, never 0 for an unknown price';
comment on column llm_traces.cost_input_usd is 'Cost of the uncached input';
comment on column llm_traces.cost_cache_read_usd is 'Cost of reading the prompt cache';
comment on column llm_traces.cost_cache_write_usd is 'Cost of writing the prompt cache';
comment on column llm_traces.cost_output_usd is 'Cost of the output';
comment on column llm_traces.cost_without_cache_usd is 'What the same tokens would have cost without prompt caching';
comment on column llm_traces.cache_savings_usd is 'cost_without_cache_usd - cost_usd: net of the write premium, may be negative';
comment on column llm_traces.cache_hit_ratio is 'cache_read_input_tokens / input_tokens, 0 to 1; null without input';
comment on column llm_traces.cost_status is 'priced, unknown_model, unknown_provider, unknown_tier, invalid_usage, ambiguous_usage (priced, reading of the tokens uncertain) or no_usage';
comment on column llm_traces.price_date is 'Date of the price data used, YYYY-MM-DD';
comment on column llm_traces.ttft_ms is 'Time to the first chunk of a streamed answer';
comment on column llm_traces.output_tokens_per_second is 'Output tokens / generation time; null for failures';
comment on column llm_traces.user_id is 'End user, where the application said so';
comment on column llm_traces.conversation_id is 'Conversation or session, where the application said so';
comment on column llm_traces.agent_name is 'Agent, where the application said so';
comment on column llm_traces.tool_name is 'Tool that the span ran';
comment on column llm_traces.attributes is 'The span''s attributes as sent, prompt and completion text left out unless configured in';

create table spans (
  trace_id text not null,
  span_id text not null,
  parent_span_id text,
  name text not null,
  created_at timestamptz not null,
  duration_ms double precision not null,
  kind text not null,
  service_name text,
  environment text,
  scope_name text,
  status text not null,
  error_message text,
  http_status integer,
  attributes jsonb not null
) partition by range (created_at);

create unique index spans_key on spans (created_at, span_id, trace_id);
create index spans_trace on spans (trace_id);

comment on table spans is 'Every span that is not of GenAI, for the waterfall of a trace. Day partitions by created_at (UTC)';
comment on column spans.trace_id is 'Trace id, 32 lower-case hex digits';
comment on column spans.span_id is 'Span id, 16 lower-case hex digits';
comment on column spans.parent_span_id is 'Span id of the parent; null for a root';
comment on column spans.name is 'Span name';
comment on column spans.created_at is 'Start of the span, by the application''s clock';
comment on column spans.duration_ms is 'End minus start';
comment on column spans.kind is 'unspecified, internal, server, client, producer or consumer';
comment on column spans.service_name is 'service.name of the resource';
comment on column spans.environment is 'deployment.environment.name of the resource';
comment on column spans.scope_name is 'Instrumentation scope that made the span';
comment on column spans.status is 'completed or failed';
comment on column spans.error_message is 'Message of the failure, cut to 4,000 characters';
comment on column spans.http_status is 'HTTP status of the answer';
comment on column spans.attributes is 'The span''s attributes as sent';

-- Spans whose day has no partition land here, so that no batch ever fails on a clock; housekeeping moves those within the
-- retention into their own day. create_day_partitions explains why the default partition stays small.
create table llm_traces_default partition of llm_traces default;
create table spans_default partition of spans default;

-- Makes the day partitions of both tables from from_day up to and including to_day (UTC days); existing ones stay.
-- A table is made aside, filled with the rows of its day that waited in the default partition, and attached: ATTACH takes
-- a SHARE UPDATE EXCLUSIVE lock on the parent, where CREATE TABLE ... PARTITION OF would stop every reader and writer.
create function create_day_partitions(from_day date, to_day date) returns integer
language plpgsql
set search_path from current
as $$
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
$$;
comment on function create_day_partitions(date, date) is 'Makes the day partitions of llm_traces and spans from the first to the last day given; answers how many were missing';

-- A span can stand in both tables: a client span to a model that no GenAI span stood for is counted as a call later.
create view trace_spans as
  select trace_id, span_id, parent_span_id, name, created_at, duration_ms, service_name, environment, scope_name, status, error_message, http_status,
    true as genai, llm_call, operation, model_provider, model, error_category, retry_count, retry_reason, retry_of,
    input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens, cost_usd, cache_savings_usd, attributes
  from llm_traces
  union all
  select trace_id, span_id, parent_span_id, name, created_at, duration_ms, service_name, environment, scope_name, status, error_message, http_status,
    false, false, null, null, null, null, null, null, null, null, null, null, null, null, null, attributes
  from spans s
  where not exists (select from llm_traces t where t.trace_id = s.trace_id and t.span_id = s.span_id and t.created_at = s.created_at);
comment on view trace_spans is 'All spans of a trace, GenAI or not: the waterfall. Ask with a trace_id';
