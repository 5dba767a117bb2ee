-- security definer: whoever may retry jobs needs no right on the tables or on graphile-worker's.
create or replace function ratchet.retry_job(job_id bigint, from_task text default null, reason text default null) returns ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_job ratchet.jobs := ratchet_private.lock_for_order(retry_job.job_id, true);
  v_now timestamptz := ratchet_private.clock_now();
  v_from integer;
  v_mark text;
  v_fence integer;
  v_repeated bigint;
begin
  v_from := ratchet_private.position_to_retry(v_job, retry_job.from_task);
  v_fence := ratchet_private.next_fence(v_job);
  v_repeated := (select count(*) from ratchet.tasks t where t.job_id = v_job.id and t.position >= v_from and t.status = 'COMPLETED');

  v_mark := ratchet_private.begin_engine_change('retry');
  -- The job first, so that the status trigger finds it right and touches it no second time.
  begin
    update ratchet.jobs j set
      status = (case when j.started_at is null then 'PENDING' else 'RUNNING' end)::ratchet.job_status,
      fence = v_fence, run_at = least(j.run_at, v_now),
      next_attempt_at = null, finished_at = null, timeout_at = null, cancelled_at = null, cancel_reason = null
      where j.id = v_job.id;
  exception when unique_violation then
    perform ratchet_private.refuse_taken_key(v_job);
  end;
  update ratchet.tasks t set
    status = 'PENDING', fence = v_fence, attempts = 0, deaths = 0, started_at = null, completed_at = null, error_message = null, result = null,
    progress = null, stop_after = false
    where t.job_id = v_job.id and t.position >= v_from and (retry_job.from_task is not null or t.status not in ('COMPLETED', 'SKIPPED'));
  if v_job.version is not null then
    perform ratchet_private.add_wake_ups(array[v_job.id]);
  end if;
  if retry_job.from_task is null then
    perform ratchet_private.record_order('retry', v_job, retry_job.reason);
  else
    perform ratchet_private.record_order('retry_from_task', v_job, retry_job.reason, jsonb_build_object(
      'task', (select t.key from ratchet.tasks t where t.job_id = v_job.id and t.position = v_from), 'completed_tasks_run_again', v_repeated));
  end if;
  perform ratchet_private.announce(array[v_job.id]);
  perform ratchet_private.end_engine_change(v_mark);
  select * into strict v_job from ratchet.jobs j where j.id = v_job.id;
  return v_job;
end
$$;
revoke all on function ratchet.retry_job(bigint, text, text) from public;
comment on function ratchet.retry_job(bigint, text, text) is 'Lets a job that is FAILED, for good or not, or CANCELLED go on at once where it stopped, with all its tries. from_task, the key of a task, starts that task and all after it anew, even COMPLETED ones. Who, when and why is kept in audit.';
