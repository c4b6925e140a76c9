create table orders (id bigint primary key, status text not null, payment_id text);
