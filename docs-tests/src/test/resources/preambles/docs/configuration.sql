-- what the relay's init makes
create table outbox_relay (name text);
create table outbox_parked (seq bigint);
