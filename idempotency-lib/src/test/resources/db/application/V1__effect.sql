create table effect (event_id text not null);
