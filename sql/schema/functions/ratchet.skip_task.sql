-- security definer: whoever may skip tasks needs no right on the tables or on graphile-worker's.
create or replace function ratchet.skip_task(job_id bigint, task text, reason text default null) returns ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_job ratchet.jobs := ratchet_private.lock_for_order(skip_task.job_id, true);
  v_task ratchet.tasks := ratchet_private.task_for_order(v_job, skip_task.task);
begin
  perform ratchet_private.end_by_order(v_job, v_task, 'SKIPPED');
  perform ratchet_private.record_order('skip_task', v_job, skip_task.reason, jsonb_build_object('task', v_task.key, 'task_status', v_task.status));
  select * into strict v_job from ratchet.jobs j where j.id = v_job.id;
  return v_job;
end
$$;
revoke all on function ratchet.skip_task(bigint, text, text) from public;
comment on function ratchet.skip_task(bigint, text, text) is 'Leaves a task out, named by its key: SKIPPED, and the job goes on at the next one at once. A handler that runs it is told within about a second, and what it returns is discarded. A later task may be skipped before its turn. Later handlers get null as its result. Who, when and why is kept in audit.';
