create table orders (
  id uuid primary key,
  user_id text not null,
  placed_at timestamptz not null
);

create table order_line (
  order_id uuid not null references orders (id),
  line_item_id uuid not null,
  product_id text not null,
  quantity integer not null check (quantity > 0),
  primary key (order_id, line_item_id)
);

-- What left the stock and why. No reference to the orders: the ledger belongs to the consumer and
-- knows of them by events alone, so it could as well lie in another database.
create table stock_ledger (
  order_id uuid not null,
  line_item_id uuid not null,
  product_id text not null,
  change integer not null,
  booked_at timestamptz not null default now(),
  primary key (order_id, line_item_id)
);

create index on stock_ledger (product_id);
