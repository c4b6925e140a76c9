-- "if not exists": a team that began with docs/sql/one_time_token.sql may change over to Flyway.
create table if not exists ${tokenTable} (
  hash bytea primary key,
  subject text not null,
  purpose text not null,
  expires_at timestamptz not null,
  spent_at timestamptz
);

create index if not exists one_time_token_expires_at on ${tokenTable} (expires_at);
