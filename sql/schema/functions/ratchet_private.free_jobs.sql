create or replace function ratchet_private.free_jobs(p_worker_id integer, p_job_ids bigint[], p_has_died boolean default false) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_mark text := ratchet_private.begin_engine_change('order');
  v_job_id bigint;
  v_job ratchet.jobs;
  v_freed bigint[] := '{}';
begin
  foreach v_job_id in array p_job_ids loop
    -- A row that somebody's psql holds must not keep the others waiting.
    begin
      v_job := ratchet_private.lock_job(v_job_id);
      if v_job.worker_id = p_worker_id then
        if not p_has_died or not ratchet_private.record_death(v_job) then
          perform ratchet_private.let_go(v_job_id);
        end if;
        v_freed := v_freed || v_job_id;
      end if;
    exception when lock_not_available then
      continue;
    end;
  end loop;
  -- After tasks and jobs, as every writer; before the wake-ups, because a locked row cannot be added again.
  perform ratchet_private.unlock_wake_ups(p_worker_id);
  perform ratchet_private.wake_free_jobs(array(
    select j.id from ratchet.jobs j where j.id = any (v_freed) and j.version is not null and j.finished_at is null));
  perform ratchet_private.end_engine_change(v_mark);
  return v_freed;
end
$$;
comment on function ratchet_private.free_jobs(integer, bigint[], boolean) is 'Takes jobs, given in the order of their ids, from a worker that is gone, frees its graphile-worker rows, and gives each job a wake-up; returns which. p_has_died: it did not stop but died, which is noted in the tasks that it was in. Passes over jobs of which somebody holds a row for longer than lock_timeout: the sweep comes back to them.';
