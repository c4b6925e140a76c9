create table if not exists ${positionTable} (
  consumer text not null,
  topic text not null,
  partition integer not null,
  source text not null,
  position text not null,
  partitions integer not null default 0,
  updated_at timestamptz not null default now(),
  primary key (consumer, topic, partition, source)
);
