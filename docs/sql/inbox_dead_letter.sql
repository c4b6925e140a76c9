-- Dead letters of the inbox that are not applied yet, for consumers whose failure policy has a
-- dead-letter topic, and for teams that migrate by hand. Stands in the schema of inbox_event.
-- A row is the right to apply its record of the dead-letter topic once; while there is one, the
-- policy "follow" holds back its key (SHA-256 of the record's key; no row holds any payload).
create table inbox_dead_letter (
  consumer text not null,
  topic text not null,
  partition integer not null,
  record_offset bigint not null,
  key_hash bytea,
  source text not null,
  event_id text not null,
  reason text not null,
  attempts integer not null,
  dead_letter_topic text not null,
  dead_letter_partition integer not null,
  dead_letter_offset bigint not null,
  dead_at timestamptz not null default now(),
  primary key (consumer, topic, partition, record_offset)
);

create index inbox_dead_letter_key on inbox_dead_letter (consumer, topic, key_hash);
