-- A request that becomes a model call is announced before its row is written, so that every gateway has heard of it by then: a GenAI
-- span that reaches another gateway at that moment is either stored in time to be seen, or told that its call is counted.

alter table held_requests add column announced_at timestamptz;

comment on column held_requests.announced_at is 'When it was announced to become a model call; the row of the call is written once every gateway has had time to hear of it';
