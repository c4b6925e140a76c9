-- The durable jobs of the idempotency library, for teams that migrate by hand.
-- One row is one side effect; it is written once for (recipient, type, business_id).
-- Name and schema are free; tell the library (JobTable, or outbox.jobs.schema and .table).
create table durable_job (
  id bigint generated always as identity primary key,
  recipient text not null,
  type text not null,
  business_id text not null,
  payload bytea not null,
  -- running: a worker has it until due_at; abandoned: given up, waits for a person
  state text not null default 'pending' check (state in ('pending', 'running', 'done', 'abandoned')),
  attempts integer not null default 0,
  -- grows each time a worker takes the job, so that a late one cannot overwrite its successor
  fence bigint not null default 0,
  -- when it may be taken: the next attempt, or the end of the running worker's lease
  due_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  reason text,
  unique (recipient, type, business_id)
);

create index durable_job_due on durable_job (due_at)
  where state in ('pending', 'running');

create index durable_job_finished on durable_job (finished_at)
  where state = 'done';
