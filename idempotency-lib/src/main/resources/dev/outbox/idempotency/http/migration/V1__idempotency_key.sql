-- "if not exists": a team that began with docs/sql/idempotency_key.sql may change over to Flyway.
create table if not exists ${idempotencyTable} (
  id bytea primary key,
  tenant text,
  principal text,
  endpoint text not null,
  request_hash bytea not null,
  state text not null check (state in ('in_progress', 'completed')),
  fence bigint not null generated always as identity,
  lease_until timestamptz,
  step_names text[] not null default '{}',
  step_results bytea[] not null default '{}',
  response_status integer,
  response_headers text[],
  response_body bytea,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  check (state = 'in_progress' or (
    response_status is not null and response_headers is not null and response_body is not null))
);
create index if not exists ${idempotencyIndex} on ${idempotencyTable} (expires_at);
