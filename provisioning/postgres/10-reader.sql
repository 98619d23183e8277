-- The role that Grafana logs in as: reads the schema genai and nothing else, and a query that runs away ends by itself.
-- The gateway grants it the tables when it makes them, and sets its password from GENAI_READER_PASSWORD (`genai-otel migrate`
-- does the same). Run this by hand where the gateway's own role may not create roles:
--   psql "$DATABASE_URL" --file provisioning/postgres/10-reader.sql
do $$
begin
  if not exists (select from pg_roles where rolname = 'genai_reader') then
    create role genai_reader login;
  end if;
end
$$;
alter role genai_reader set default_transaction_read_only = on;
alter role genai_reader set statement_timeout = '30s';
alter role genai_reader set idle_in_transaction_session_timeout = '30s';
revoke create on schema public from genai_reader;
