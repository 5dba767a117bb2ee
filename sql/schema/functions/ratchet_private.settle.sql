create or replace function ratchet_private.settle(p_job_id bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_mark text := ratchet_private.begin_engine_change('order');
begin
  perform ratchet_private.lock_job(p_job_id);
  -- Writing a task without changing it lets the status trigger look at the job again.
  update ratchet.tasks t set fence = t.fence
    where t.job_id = p_job_id and t.position = (select min(position) from ratchet.tasks where job_id = p_job_id);
  perform ratchet_private.end_engine_change(v_mark);
end
$$;
comment on function ratchet_private.settle(bigint) is 'Sets right a job whose status its tasks contradict.';
