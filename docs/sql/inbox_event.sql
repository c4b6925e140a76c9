-- The inbox of the idempotency library, for teams that migrate by hand.
-- One row says: this consumer has applied this event of this source.
-- Name and schema are free; tell the library (InboxTable, or outbox.inbox.schema and .table).
create table inbox_event (
  consumer text not null,
  source text not null,
  event_id text not null,
  processed_at timestamptz not null default now(),
  primary key (consumer, source, event_id)
);

-- For the removal of expired markers (InboxRetention).
create index inbox_event_expiry on inbox_event (consumer, processed_at);
