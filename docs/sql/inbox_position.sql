-- High-water marks of the inbox, for consumers that deduplicate by position, and for teams that
-- migrate by hand. Stands in the schema of inbox_event. One row for each consumer, partition and
-- relay: the outbox-position of the last event applied, and how many partitions the topic had.
create table inbox_position (
  consumer text not null,
  topic text not null,
  partition integer not null,
  source text not null,
  position text not null,
  partitions integer not null default 0,
  updated_at timestamptz not null default now(),
  primary key (consumer, topic, partition, source)
);
