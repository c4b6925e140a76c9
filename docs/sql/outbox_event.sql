-- The outbox table of Outbox Relay, for those who migrate by hand instead of letting the writer
-- library do it (OutboxSchema.migrate, or outbox.writer.migrate=true with Spring Boot).
-- Rename it or put a schema in front as you like and tell the writer (outbox.writer.table,
-- outbox.writer.schema) and the relay (outbox.relay.table).

create table if not exists outbox_event (
  seq bigint generated always as identity primary key,
  id uuid not null unique,
  aggregatetype text not null,
  aggregateid text not null,
  type text not null,
  payload bytea,
  headers text,
  created_at timestamptz not null default now()
);

comment on table outbox_event is 'Transactional outbox: rows inserted here are published to Kafka by the relay once committed';
comment on column outbox_event.seq is 'insertion order, for people and replay; not published';
comment on column outbox_event.id is 'event ID, by which consumers deduplicate';
comment on column outbox_event.aggregatetype is 'kind of thing that changed; selects the topic';
comment on column outbox_event.aggregateid is 'which one; key of the Kafka record';
comment on column outbox_event.type is 'what happened';
comment on column outbox_event.payload is 'value of the Kafka record, passed through untouched; null is a tombstone';
comment on column outbox_event.headers is 'further record headers, a JSON object of strings';
comment on column outbox_event.created_at is 'begin of the writing transaction; not published';
