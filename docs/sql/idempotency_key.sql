-- The records of idempotency keys for HTTP, for teams that migrate by hand.
-- Name and schema are free; tell the library (IdempotencyTable, or outbox.idempotency.schema and
-- .table).
create table idempotency_key (
  id bytea primary key,                             -- SHA-256 over tenant, principal, endpoint and key
  tenant text,                                      -- for people, and to delete what is about somebody
  principal text,
  endpoint text not null,
  request_hash bytea not null,                      -- SHA-256 over method, path, query, headers and body
  state text not null check (state in ('in_progress', 'completed')),
  fence bigint not null generated always as identity, -- drawn anew at each taking over
  lease_until timestamptz,                          -- reserved mode: until when its holder has it
  step_names text[] not null default '{}',          -- reserved mode: what is done already
  step_results bytea[] not null default '{}',
  response_status integer,
  response_headers text[],                          -- name, value, name, value …
  response_body bytea,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  check (state = 'in_progress' or (
    response_status is not null and response_headers is not null and response_body is not null))
);
create index idempotency_key_expires_at on idempotency_key (expires_at);
