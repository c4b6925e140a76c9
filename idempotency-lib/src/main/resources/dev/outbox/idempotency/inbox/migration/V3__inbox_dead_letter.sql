create table if not exists ${deadLetterTable} (
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

create index if not exists ${deadLetterIndex} on ${deadLetterTable} (consumer, topic, key_hash);
