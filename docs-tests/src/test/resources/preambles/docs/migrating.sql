-- first, since a transaction that has written may not make one
select pg_create_logical_replication_slot('debezium', 'pgoutput');
create publication dbz_publication;
create role orders_service;
create table orders (id uuid primary key, cents int not null, placed_at timestamptz not null default now());
