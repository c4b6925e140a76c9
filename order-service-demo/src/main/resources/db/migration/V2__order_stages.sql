-- What the shop sells. Prices in minor units: 450 EUR is 4.50 euros.
create table product (
  id text primary key,
  name text not null,
  price bigint not null check (price >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$')
);

insert into product (id, name, price, currency) values
  ('tea', 'Tea, 100 g', 450, 'EUR'),
  ('coffee', 'Coffee, 250 g', 690, 'EUR'),
  ('cocoa', 'Cocoa, 200 g', 520, 'EUR'),
  ('milk', 'Milk, 1 l', 129, 'EUR');

-- Orders from before had no price, and stay without one.
alter table orders
  add column status text not null default 'PLACED' check
    (status in ('PLACED', 'PAID', 'PAYMENT_FAILED', 'DISPATCHED', 'RECEIVED', 'CANCELLED')),
  add column total bigint not null default 0 check (total >= 0),
  add column currency text not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
  add column campaign text,
  add column gift_message text,
  -- Paid and cancelled, in whatever order the two came.
  add column refund_due boolean not null default false;

alter table orders
  alter column status drop default,
  alter column total drop default,
  alter column currency drop default;

alter table order_line add column unit_price bigint not null default 0 check (unit_price >= 0);
alter table order_line alter column unit_price drop default;

-- What happened to an order, for people. A fact stands here once, however often it is told.
create table order_timeline (
  seq bigint generated always as identity primary key,
  order_id uuid not null references orders (id),
  what text not null,
  detail text not null,
  at timestamptz not null default clock_timestamp(),
  unique (order_id, what, detail)
);

-- The payment of an order: one at most. The intent is the key under which the provider was asked,
-- so that of two requests to pay only one comes to the provider.
create table payment (
  order_id uuid primary key references orders (id),
  intent text,
  payment_id text,
  status text not null check (status in ('NEW', 'REQUESTED', 'AUTHORIZED', 'FAILED', 'SETTLED'))
);

-- Belongs to the simulated provider, which would have it in a database of its own.
create table provider_charge (
  idempotency_key text primary key,
  payment_id text not null unique,
  order_id uuid not null,
  amount bigint not null,
  currency text not null,
  requests integer not null default 0,
  charges integer not null default 0
);

-- Without any uniqueness, on purpose: that nothing is applied twice is seen by counting these rows
-- and is not the work of a constraint.
create table effect (
  consumer text not null,
  event_id uuid not null,
  aggregate_id text not null,
  applied_at timestamptz not null default clock_timestamp()
);

create index on effect (event_id);
create index on effect (applied_at);

-- A line can leave the stock once and come back once.
alter table stock_ledger
  add column kind text not null default 'SOLD' check (kind in ('SOLD', 'RETURNED'));
alter table stock_ledger alter column kind drop default;
alter table stock_ledger drop constraint stock_ledger_pkey;
alter table stock_ledger add primary key (order_id, line_item_id, kind);

-- Written by the simulated sender of notifications. Without uniqueness, for the same reason.
create table notification_sent (
  user_id text not null,
  kind text not null,
  order_id uuid not null,
  sent_at timestamptz not null default clock_timestamp()
);

create index on notification_sent (order_id);

create table ad_spend (
  event_id uuid primary key,
  campaign text not null,
  spend bigint not null check (spend >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  at timestamptz not null
);

create index on ad_spend (campaign);
