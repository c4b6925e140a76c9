-- Also published as docs/sql/outbox_event.sql for those who migrate by hand; a test keeps them equal.
-- "if not exists", because an application's own migration may have created it already; the check at
-- start says what such a table lacks.
create table if not exists ${table} (
  seq bigint generated always as identity primary key,
  id uuid not null unique,
  aggregatetype text not null,
  aggregateid text not null,
  type text not null,
  payload bytea,
  headers text,
  created_at timestamptz not null default now()
);

comment on table ${table} is 'Transactional outbox: rows inserted here are published to Kafka by the relay once committed';
comment on column ${table}.seq is 'insertion order, for people and replay; not published';
comment on column ${table}.id is 'event ID, by which consumers deduplicate';
comment on column ${table}.aggregatetype is 'kind of thing that changed; selects the topic';
comment on column ${table}.aggregateid is 'which one; key of the Kafka record';
comment on column ${table}.type is 'what happened';
comment on column ${table}.payload is 'value of the Kafka record, passed through untouched; null is a tombstone';
comment on column ${table}.headers is 'further record headers, a JSON object of strings';
comment on column ${table}.created_at is 'begin of the writing transaction; not published';
