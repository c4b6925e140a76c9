-- "if not exists": a team that began with docs/sql/inbox_event.sql may change over to Flyway.
create table if not exists ${inboxTable} (
  consumer text not null,
  source text not null,
  event_id text not null,
  processed_at timestamptz not null default now(),
  primary key (consumer, source, event_id)
);
