create or replace function ratchet_private.lock_job(p_job_id bigint) returns ratchet.jobs
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_locked integer;
  v_first integer;
  v_job ratchet.jobs;
begin
  -- Task first, then job: the order of every writer. The first unfinished task may move on while we wait for it, or be deleted
  -- and made anew (a replaced plan), so look again.
  loop
    v_first := ratchet_private.first_unfinished(p_job_id);
    exit when v_first is not distinct from v_locked;
    perform from ratchet.tasks t where t.job_id = p_job_id and t.position = v_first for update;
    v_locked := case when found then v_first end;
  end loop;
  select * into v_job from ratchet.jobs j where j.id = p_job_id for update;
  return v_job;
end
$$;
comment on function ratchet_private.lock_job(bigint) is 'Locks a job for a change from outside: its first unfinished task, then its row, which is returned as it is after the wait.';
