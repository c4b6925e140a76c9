create table purchase (id bigint primary key, note text);
