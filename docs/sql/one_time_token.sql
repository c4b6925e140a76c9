-- The one-time tokens of the idempotency library, for teams that migrate by hand.
-- One row is one token that was issued; only its SHA-256 is kept.
-- Name and schema are free; tell the library (TokenTable, or outbox.token.schema and .table).
create table one_time_token (
  hash bytea primary key,
  subject text not null,
  purpose text not null,
  expires_at timestamptz not null,
  spent_at timestamptz
);

create index one_time_token_expires_at on one_time_token (expires_at);
