create or replace function ratchet_private.lock_for_order(p_job_id bigint, p_whole_plan boolean) returns ratchet.jobs
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_tenants constant text[] := ratchet_private.caller_tenants();
  v_job ratchet.jobs;
begin
  -- Before any lock: whoever had to wait for one would know that there is such a job.
  if v_tenants is not null and not exists (select from ratchet.jobs j where j.id = p_job_id and j.tenant = any (v_tenants)) then
    perform ratchet_private.refuse_unknown_job(p_job_id);
  end if;
  -- Whoever changes a job that has ended does not stop at its first unfinished task, because it has none.
  if p_whole_plan then
    perform from ratchet.tasks t where t.job_id = p_job_id order by t.position for update;
  end if;
  v_job := ratchet_private.lock_job(p_job_id);
  if v_job.id is null then
    perform ratchet_private.refuse_unknown_job(p_job_id);
  end if;
  return v_job;
end
$$;
comment on function ratchet_private.lock_for_order(bigint, boolean) is 'Locks a job that somebody gives an order about, as lock_job does, with all of its tasks first if asked for; raises RT013 if there is none, or none of the caller''s tenants.';
