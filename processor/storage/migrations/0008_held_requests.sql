-- Requests to a model that no GenAI span stands for yet. Whether one is a call of its own is known only when its trace has
-- settled; until then the process that received it holds it in memory, and this table is what remains of it if that process
-- dies. A row comes in the transaction that stores the span, and goes when the question is answered.

create table held_requests (
  trace_id text not null,
  span_id text not null,
  started_at timestamptz not null,
  seen_at timestamptz not null default now(),
  promoted_at timestamptz,
  span text not null,
  attributes text not null,
  primary key (trace_id, span_id)
);
create index held_requests_seen on held_requests (seen_at);

comment on table held_requests is 'HTTP requests to a model for which no GenAI span has come yet: they become model calls when none comes. Empty most of the time';
comment on column held_requests.trace_id is 'Trace id';
comment on column held_requests.span_id is 'Span id';
comment on column held_requests.started_at is 'Start of the span';
comment on column held_requests.seen_at is 'When a gateway said last that it holds it; a minute later another gateway may take it over';
comment on column held_requests.promoted_at is 'When it became a model call; kept for some minutes so that every gateway can tell a GenAI span that comes later still';
comment on column held_requests.span is 'The span as JSON, in the program''s own form';
comment on column held_requests.attributes is 'Its attributes as JSON, as they came';
