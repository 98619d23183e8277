-- What every gateway process says of itself once a minute, so that its health shows where the calls do, without a further
-- service. Counts are those since the process's sample before, which `seconds` says: they may be summed as they are, and
-- what a process could not write while the database was away is in its next row.

create table gateway_samples (
  sampled_at timestamptz not null,
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
  rss_bytes bigint not null,
  primary key (sampled_at, instance)
);
comment on table gateway_samples is 'Each gateway process once a minute: what it took, refused and wrote since its row before, and how it is. The same figures are at /metrics for Prometheus';
comment on column gateway_samples.sampled_at is 'When the process looked, by its clock';
comment on column gateway_samples.instance is 'Host name and process id';
comment on column gateway_samples.seconds is 'Time that the counts of this row cover: since the process''s row before, or its start';
comment on column gateway_samples.received_spans is 'Spans that arrived and could be read';
comment on column gateway_samples.refused_spans is 'Spans refused one by one, as partial_success tells the sender';
comment on column gateway_samples.refused_requests is 'Requests answered with an error';
comment on column gateway_samples.refused_by_reason is 'Refused spans and requests by reason: {"unauthenticated": 3}';
comment on column gateway_samples.lost_spans is 'Accepted spans that a sink then refused for good';
comment on column gateway_samples.genai_spans is 'GenAI spans that were given attributes';
comment on column gateway_samples.llm_calls is 'Spans that stand for a call to a model';
comment on column gateway_samples.stored_spans is 'Rows written to PostgreSQL';
comment on column gateway_samples.duplicate_spans is 'Spans that PostgreSQL already had';
comment on column gateway_samples.store_writes is 'Batches that PostgreSQL took';
comment on column gateway_samples.store_failures is 'Writes to PostgreSQL that failed; their batches wait in the spool or are sent again';
comment on column gateway_samples.store_p50_ms is 'Time of one write to PostgreSQL, median; null without a write. Quantiles are read from buckets that double or more';
comment on column gateway_samples.store_p99_ms is 'Time of one write to PostgreSQL, 99th percentile';
comment on column gateway_samples.forwarded_spans is 'Spans that the OTLP backend took';
comment on column gateway_samples.forward_writes is 'Batches that the OTLP backend took';
comment on column gateway_samples.forward_failures is 'Writes to the OTLP backend that failed';
comment on column gateway_samples.forward_p50_ms is 'Time of one write to the OTLP backend, median; null without a write';
comment on column gateway_samples.forward_p99_ms is 'Time of one write to the OTLP backend, 99th percentile';
comment on column gateway_samples.requests is 'OTLP requests that were answered, over HTTP and gRPC';
comment on column gateway_samples.request_p50_ms is 'Time of one OTLP request until its answer, median; null without a request';
comment on column gateway_samples.request_p99_ms is 'Time of one OTLP request until its answer, 99th percentile';
comment on column gateway_samples.sinks_away is 'Places (PostgreSQL, OTLP backend) that take no spans at this moment';
comment on column gateway_samples.spool_bytes is 'Disk that the process''s spools take at this moment';
comment on column gateway_samples.spool_age_ms is 'Age of the oldest record in its spools; 0 when they are empty';
comment on column gateway_samples.admitted_bytes is 'Request bytes held at this moment';
comment on column gateway_samples.event_loop_p99_ms is 'Delay of the event loop, 99th percentile: beyond 100 ms the process has too much to do';
comment on column gateway_samples.cpu_ms is 'CPU time, user and system';
comment on column gateway_samples.rss_bytes is 'Memory that the process occupies';
