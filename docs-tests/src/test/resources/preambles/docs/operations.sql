create role outbox_relay;
create table outbox_parked (seq bigint);
