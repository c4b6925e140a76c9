-- "if not exists": a team that began with docs/sql/durable_job.sql may change over to Flyway.
create table if not exists ${jobTable} (
  id bigint generated always as identity primary key,
  recipient text not null,
  type text not null,
  business_id text not null,
  payload bytea not null,
  state text not null default 'pending' check (state in ('pending', 'running', 'done', 'abandoned')),
  attempts integer not null default 0,
  fence bigint not null default 0,
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  reason text,
  unique (recipient, type, business_id)
);

create index if not exists durable_job_due on ${jobTable} (due_at)
  where state in ('pending', 'running');

create index if not exists durable_job_finished on ${jobTable} (finished_at)
  where state = 'done';
