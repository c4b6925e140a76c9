create table effect (consumer text, event_id uuid);
