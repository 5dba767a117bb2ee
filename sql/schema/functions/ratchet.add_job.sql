-- security definer: a service may add jobs without any right on the tables or on graphile-worker's.
create or replace function ratchet.add_job(
  identifier text,
  payload jsonb default '{}',
  task_names text[] default null,
  run_at timestamptz default null,
  max_attempts integer default null,
  retry_delay interval default null,
  priority integer default 0,
  queue_name text default null,
  job_key text default null,
  job_key_mode text default null,
  tenant text default null
) returns ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_spec jsonb := jsonb_build_object(
    'identifier', add_job.identifier, 'payload', coalesce(add_job.payload, '{}'), 'task_names', to_jsonb(add_job.task_names),
    'run_at', add_job.run_at, 'max_attempts', add_job.max_attempts, 'retry_delay', add_job.retry_delay,
    'priority', add_job.priority, 'queue_name', add_job.queue_name, 'job_key', add_job.job_key,
    'job_key_mode', add_job.job_key_mode, 'tenant', add_job.tenant
  );
  v_ids bigint[];
  v_job ratchet.jobs;
begin
  v_ids := ratchet_private.insert_jobs(jsonb_build_array(v_spec));
  select * into strict v_job from ratchet.jobs j where j.id = v_ids[1];
  -- It may be somebody else's, which whoever may only add has no right to read.
  if add_job.job_key_mode = 'unsafe_dedupe' and v_job.payload <> coalesce(add_job.payload, '{}')
    and not ratchet_private.caller_is('ratchet_operator') then
    v_job.payload := null;
  end if;
  return v_job;
end
$$;
revoke all on function ratchet.add_job(text, jsonb, text[], timestamptz, integer, interval, integer, text, text, text, text) from public;
comment on function ratchet.add_job(text, jsonb, text[], timestamptz, integer, interval, integer, text, text, text, text) is 'Adds a job with its whole plan, in the caller''s transaction. task_names picks and orders tasks of the plan by key or name; job_key_mode is replace (default), preserve_run_at or unsafe_dedupe.';
