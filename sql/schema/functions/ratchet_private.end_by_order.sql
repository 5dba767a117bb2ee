create or replace function ratchet_private.end_by_order(
  p_job ratchet.jobs, p_task ratchet.tasks, p_status ratchet.task_status, p_result jsonb default null
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_mark text := ratchet_private.begin_engine_change('order');
  v_first integer := ratchet_private.first_unfinished(p_job.id);
  v_fence integer := ratchet_private.next_fence(p_job);
  v_status ratchet.job_status;
  v_is_final boolean;
  v_is_taken boolean;
begin
  v_status := (
    select case
        when bool_or(t.status = 'FAILED') then 'FAILED'
        when coalesce(bool_and(t.status in ('COMPLETED', 'SKIPPED', 'CANCELLED')), true) then
          case when p_job.cancelled_at is not null or bool_or(t.status = 'CANCELLED') then 'CANCELLED' else 'COMPLETED' end
        when bool_or(t.status = 'WAITING') then 'WAITING'
        when p_job.started_at is not null then 'RUNNING'
        else 'PENDING'
      end
    from ratchet.tasks t where t.job_id = p_job.id and t.position <> p_task.position);
  v_is_final := v_status in ('COMPLETED', 'CANCELLED');
  -- A worker that is in this task loses the job. One that is before it keeps both job and fence: what it does is still wanted.
  v_is_taken := p_job.worker_id is not null
    and (p_task.position = v_first or p_task.status = 'RUNNING' or v_status <> 'RUNNING');

  -- The job first, so that the status trigger finds it right and touches it no second time.
  begin
    update ratchet.jobs j set
      status = v_status,
      fence = case when j.worker_id is null or v_is_taken then v_fence else j.fence end,
      worker_id = case when not v_is_taken then j.worker_id end,
      run_at = case when j.status = 'FAILED' and v_status <> 'FAILED' then least(j.run_at, v_now) else j.run_at end,
      next_attempt_at = case when v_status = 'FAILED' then j.next_attempt_at end,
      finished_at = case when v_is_final or (v_status = 'FAILED' and j.next_attempt_at is null) then coalesce(j.finished_at, v_now) end,
      -- What goes on after its end has its time anew.
      timeout_at = case when j.finished_at is null or v_is_final or v_status = 'FAILED' then j.timeout_at end,
      cancelled_at = case when v_status = 'CANCELLED' then coalesce(j.cancelled_at, v_now) else j.cancelled_at end,
      cancel_reason = case when v_status = 'CANCELLED' then coalesce(j.cancel_reason, 'a task was cancelled by hand') else j.cancel_reason end
      where j.id = p_job.id;
  exception when unique_violation then
    perform ratchet_private.refuse_taken_key(p_job);
  end;

  update ratchet.tasks t set
    status = p_status, fence = v_fence, completed_at = v_now, result = p_result,
    started_at = case when p_status = 'COMPLETED' then coalesce(t.started_at, v_now) else t.started_at end,
    error_message = null, progress = null, stop_after = false
    where t.job_id = p_job.id and t.position = p_task.position;
  if v_is_taken then
    -- All of them: a task before the worker's own may have been set back by hand.
    update ratchet.tasks t set
      status = case t.status when 'RUNNING' then 'PENDING' else t.status end,
      started_at = case when t.status <> 'RUNNING' then t.started_at end,
      fence = v_fence, progress = null, stop_after = false
      where t.job_id = p_job.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED');
  elsif p_job.worker_id is not null then
    -- The worker has the old plan in memory: let it look again after the task it is in.
    update ratchet.tasks t set stop_after = true
      where t.job_id = p_job.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
        and (t.position = v_first or t.status = 'RUNNING');
  end if;

  if v_is_final then
    perform graphile_worker.remove_job('ratchet:' || p_job.id);
  elsif v_is_taken or p_task.position = v_first then
    perform ratchet_private.add_wake_ups(array(
      select j.id from ratchet.jobs j where j.id = p_job.id and j.version is not null and j.finished_at is null));
  end if;
  perform ratchet_private.announce(array[p_job.id]);
  perform ratchet_private.end_engine_change(v_mark);
end
$$;
comment on function ratchet_private.end_by_order(ratchet.jobs, ratchet.tasks, ratchet.task_status, jsonb) is 'Ends a task of a locked job, both given as they stand, as SKIPPED or COMPLETED without a handler; the job goes on at the next task, or is finished.';
