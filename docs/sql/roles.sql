-- Three roles with no more rights than they need. For PostgreSQL 15 to 18.
--
--   owner    owns the tables: runs the migrations, and the relay's "init --without-slot"
--   service  writes events, and uses the tables of the idempotency library
--   relay    reads the write-ahead log, and writes to its own tables
--
-- Run it as a superuser in the database of the outbox, first to make the roles, and again once the
-- tables are there, as after each migration that brings one of those below. It may be run at any
-- time: in one transaction it leaves service and relay exactly the rights on them that stand here.
--
--   psql -v ON_ERROR_STOP=1 -d orders -f docs/sql/roles.sql
--
-- Roles made here cannot log in before they have a password: \password outbox_owner, and likewise.
-- On the service's own tables, and on others that migrations make, the owner grants what is needed.
--
-- PUBLIC loses CONNECT and TEMPORARY on this database, CREATE on the schema, and the right to write
-- logical messages, which for the relay may be commands. Grant them to others who need them.
--
-- Other names, before that command: PGOPTIONS="-c outbox.roles.relay=… -c outbox.roles.schema=…"

do $roles$
declare
  owner_role text := coalesce(nullif(current_setting('outbox.roles.owner', true), ''), 'outbox_owner');
  service_role text := coalesce(nullif(current_setting('outbox.roles.service', true), ''), 'outbox_service');
  relay_role text := coalesce(nullif(current_setting('outbox.roles.relay', true), ''), 'outbox_relay');
  in_schema text := coalesce(nullif(current_setting('outbox.roles.schema', true), ''), 'public');
  events text := coalesce(nullif(current_setting('outbox.roles.table', true), ''), 'outbox_event');
  -- Whether the service may write its events as logical messages, without a table. Who may do that
  -- may also write what the relay takes for an operator's command.
  messages boolean := coalesce(nullif(current_setting('outbox.roles.messages', true), ''), 'off')::boolean;

  known record;
  wanted record;
  thing text;
begin
  if owner_role in (service_role, relay_role) or service_role = relay_role then
    raise exception 'owner, service and relay must be three roles';
  end if;

  -- Roles. One that is there already is kept, and must not be stronger than the grants below.
  for wanted in select unnest(array[owner_role, service_role, relay_role]) as name loop
    if to_regrole(quote_ident(wanted.name)) is null then
      begin
        execute format('create role %I login', wanted.name);
      exception when duplicate_object or unique_violation then
        null; -- somebody else has just made it, in another database
      end;
    end if;
    select * into known from pg_roles where rolname = wanted.name;
    if known.rolsuper or known.rolcreaterole or known.rolcreatedb or known.rolbypassrls
        or (known.rolreplication and wanted.name = service_role) then
      raise exception 'role % may do more than can be granted: alter it or name another', wanted.name;
    end if;
    if wanted.name = relay_role and not known.rolreplication then
      execute format('alter role %I replication', wanted.name);
    end if;
  end loop;

  -- Database and schema. A publication takes CREATE on the database.
  execute format('revoke connect, temporary on database %I from public', current_database());
  execute format('grant connect on database %I to %I, %I, %I',
    current_database(), owner_role, service_role, relay_role);
  execute format('grant create on database %I to %I', current_database(), owner_role);
  if to_regnamespace(quote_ident(in_schema)) is null then
    execute format('create schema %I authorization %I', in_schema, owner_role);
  end if;
  execute format('revoke create on schema %I from public, %I, %I', in_schema, service_role, relay_role);
  execute format('grant usage, create on schema %I to %I', in_schema, owner_role);
  execute format('grant usage on schema %I to %I, %I', in_schema, service_role, relay_role);

  -- Logical messages: the relay's heartbeat and its commands.
  for wanted in
    select oid::regprocedure as signature from pg_proc
    where proname = 'pg_logical_emit_message' and pronamespace = 'pg_catalog'::regnamespace
  loop
    execute format('revoke execute on function %s from public, %I', wanted.signature, service_role);
    execute format('grant execute on function %s to %I', wanted.signature, relay_role);
    if messages then
      execute format('grant execute on function %s to %I', wanted.signature, service_role);
    end if;
  end loop;

  -- Tables.
  for wanted in
    with rights("table", role, privileges) as (values
      -- the outbox
      (events, service_role,
        'insert (id, aggregatetype, aggregateid, type, payload, headers), select (id)'),
      (events, relay_role, 'select'),                         -- recovery, replay, audit
      (events, relay_role, 'delete, update (seq)'),           -- retention, which locks rows first
      -- the relay's own
      ('outbox_relay', relay_role, 'select, insert, update'),
      ('outbox_parked', relay_role, 'select, insert, update'),
      ('outbox_parked', relay_role, 'delete'),                -- retention
      -- the idempotency library
      ('inbox_event', service_role, 'select, insert'),
      ('inbox_event', service_role, 'delete, update (processed_at)'), -- InboxRetention
      -- its default partition, where it has partitions by day
      ('inbox_event_other', service_role, 'select, delete, update (processed_at)'),
      ('inbox_position', service_role, 'select, insert, update'),
      ('inbox_dead_letter', service_role, 'select, insert, delete'),
      ('idempotency_key', service_role, 'select, insert, update, delete'),
      ('durable_job', service_role, 'select, insert, update, delete'),
      ('one_time_token', service_role, 'select, insert, update, delete'))
    select "table", role, null as privileges -- whatever they had is taken first
    from (select distinct "table" from rights) as tables,
      unnest(array['public', service_role, relay_role]) as role
    union all
    select "table", role, privileges from rights
    order by privileges nulls first
  loop
    thing := format('%I.%I', in_schema, wanted."table");
    continue when to_regclass(thing) is null;
    if wanted.privileges is not null then
      execute format('grant %s on %s to %I', wanted.privileges, thing, wanted.role);
    elsif wanted.role = 'public' then
      execute format('revoke all on %s from public', thing);
    else
      execute format('revoke all on %s from %I', thing, wanted.role);
    end if;
  end loop;

  -- The sequence of the outbox table, for the relay's checkpoints.
  thing := format('%I.%I', in_schema, events);
  if to_regclass(thing) is null then
    raise notice 'table % is not there yet: run this again when it is', thing;
  else
    thing := pg_get_serial_sequence(thing, 'seq');
    if thing is not null then
      execute format('revoke all on sequence %s from public, %I, %I', thing, service_role, relay_role);
      execute format('grant select on sequence %s to %I', thing, relay_role);
    end if;
  end if;
end
$roles$;
