create or replace function ratchet_private.write_jobs(p_specs ratchet_private.job_spec[]) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_ids bigint[];
begin
  v_ids := array(
    select case when s.job_key is null then nextval('ratchet.jobs_id_seq') end
    from unnest(p_specs) with ordinality s order by s.ordinality);
  insert into ratchet.jobs (
    id, identifier, version, tenant, priority, max_attempts, retry_delay, run_at, created_at, queue_name, payload
  ) overriding system value
    select s.id, s.identifier, s.version, s.tenant, s.priority, s.max_attempts, s.retry_delay,
      coalesce(s.run_at, v_now), v_now, s.queue_name, s.payload
    from rows from (unnest(p_specs), unnest(v_ids)) s (
      identifier, version, payload, run_at, max_attempts, retry_delay, priority, queue_name, job_key, job_key_mode, tenant, plan, id)
    where s.id is not null;
  insert into ratchet.tasks (job_id, position, key, template, name, input)
    select s.id, t.position, t.key, t.template, t.name, t.input
    from rows from (unnest(p_specs), unnest(v_ids)) s (
      identifier, version, payload, run_at, max_attempts, retry_delay, priority, queue_name, job_key, job_key_mode, tenant, plan, id)
    cross join lateral unnest(s.plan) with ordinality t (key, template, name, input, position)
    where s.id is not null;
  return v_ids;
end
$$;
comment on function ratchet_private.write_jobs(ratchet_private.job_spec[]) is 'Writes jobs with their plans and returns their ids in order; leaves out, with a null, those with a key, which take_job_key is for.';
