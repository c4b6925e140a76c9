-- The inbox with partitions by day, in place of inbox_event.sql, for consumers that expire markers
-- by dropping partitions instead of deleting rows. For event ids that are UUIDs of version 7, which
-- the writer library gives by default: they begin with the time they were made, so the id itself
-- tells the partition, and the primary key stays (consumer, source, event_id). A primary key with a
-- time beside it would not do: a repeat that is processed on another day would pass as new.
-- Ids of any other form go to the default partition, whose markers are deleted by InboxRetention.
create table inbox_event (
  consumer text not null,
  source text not null,
  event_id text collate "C" not null,
  processed_at timestamptz not null default now(),
  primary key (consumer, source, event_id)
) partition by range (event_id);

create table inbox_event_other partition of inbox_event default;

create index inbox_event_expiry on inbox_event_other (consumer, processed_at);

-- The smallest UUIDv7 of a day (UTC).
create function inbox_event_bound(day date) returns text
language sql immutable as $$
  select substr(hex, 1, 8) || '-' || substr(hex, 9, 4)
  from (select lpad(to_hex((day - date '1970-01-01') * 86400000::bigint), 12, '0') as hex) ms
$$;

-- Makes the partitions of these days and drops those of earlier ones. Run it daily, some days ahead:
--   select inbox_event_roll(current_date - 14, current_date + 7);
-- A partition cannot be made any more once the default one holds markers of its day.
create function inbox_event_roll(oldest date, newest date) returns void
language plpgsql as $$
declare
  day date;
  expired text;
begin
  for day in select generate_series(oldest, newest, interval '1 day')::date loop
    execute format(
      'create table if not exists %I partition of inbox_event for values from (%L) to (%L)',
      'inbox_event_' || to_char(day, 'YYYYMMDD'), inbox_event_bound(day), inbox_event_bound(day + 1));
  end loop;
  for expired in
    select c.relname
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'inbox_event'::regclass
      and c.relname ~ '^inbox_event_\d{8}$'
      and right(c.relname, 8) < to_char(oldest, 'YYYYMMDD')
  loop
    execute format('drop table %I', expired);
  end loop;
end
$$;
