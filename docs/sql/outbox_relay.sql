-- What the relay keeps beside the outbox table, and the publication that it reads through, for
-- teams that migrate by hand: the same as "init --without-slot" makes, with the default names.
-- To be run by the owner of the outbox table, in its schema.

create table if not exists outbox_relay (
  name text primary key,
  slot text not null unique,
  epoch integer not null,
  system_identifier text not null,
  timeline integer not null,
  gap text,
  runs bigint not null default 0,
  initialized_at timestamptz not null default now(),
  published_lsn pg_lsn,
  publication text,
  floor bigint,
  floor_at timestamptz,
  recovered_gap text,
  recovery_snapshot text,
  recovered_at timestamptz,
  marker text,
  begins_behind text collate "C",
  ends_at text,
  ended_at timestamptz
);

create table if not exists outbox_parked (
  relay text not null,
  position text collate "C" not null,
  id uuid,
  aggregatetype text,
  aggregateid text,
  type text,
  payload bytea,
  headers text,
  committed_at timestamptz,
  stage text not null,
  reason text not null,
  attempts integer not null,
  parked_at timestamptz not null default now(),
  state text not null default 'parked' check (state in ('parked', 'released', 'discarded')),
  decided_position text collate "C",
  decided_at timestamptz,
  note text,
  primary key (relay, position)
);

create index if not exists outbox_parked_aggregate on outbox_parked using hash (aggregateid)
  where state = 'parked';

create publication outbox_relay
  for table outbox_event (id, aggregatetype, aggregateid, type, payload, headers)
  with (publish = 'insert');
