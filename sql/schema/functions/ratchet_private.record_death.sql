create or replace function ratchet_private.record_death(p_job ratchet.jobs) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_task ratchet.tasks;
  v_message text;
  v_started_at timestamptz;
  v_fence integer;
begin
  -- A task before the one that runs may have been set back by hand.
  select * into v_task from ratchet.tasks t
    where t.job_id = p_job.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    order by t.status <> 'RUNNING', t.position limit 1;
  if not found then
    return false;
  end if;
  update ratchet.tasks t set deaths = least(t.deaths + 1, 32767) where t.job_id = v_task.job_id and t.position = v_task.position;
  v_message := format('The worker died %s while it ran this task%s.',
    case v_task.deaths when 0 then 'once' when 1 then 'twice' else format('%s times', v_task.deaths + 1) end,
    (select format(case v_task.deaths when 0 then '' else ', the last time' end || ': worker %s (%s, process %s)', w.id, w.host, w.pid)
      from ratchet.workers w where w.id = p_job.worker_id));
  v_started_at := coalesce(v_task.started_at, p_job.started_at, v_now);

  if not ratchet_private.is_suspect(v_task.deaths) or p_job.version is null or p_job.cancelled_at is not null then
    insert into ratchet.task_failures (
      job_id, position, fence, attempt, counted, error_name, error_message, error_code, started_at, failed_at, worker_id, next_attempt_at
    ) values (
      v_task.job_id, v_task.position, p_job.fence, v_task.attempts + 1, false, 'WorkerDied', v_message, 'RT021', v_started_at, v_now,
      p_job.worker_id, case when p_job.version is not null and p_job.cancelled_at is null then v_now end
    ) on conflict do nothing;
    return false;
  end if;

  v_fence := ratchet_private.next_fence(p_job);
  update ratchet.jobs j set fence = v_fence where j.id = p_job.id;
  return exists (
    select from ratchet_private.write_failures(p_job.worker_id, jsonb_build_array(jsonb_build_object(
      'item', 1, 'job_id', v_task.job_id, 'position', v_task.position, 'fence', v_fence,
      'elapsed_ms', extract(epoch from v_now - v_started_at) * 1000, 'counted', true, 'can_retry', true,
      'error_name', 'WorkerDied', 'error_message', v_message, 'error_code', 'RT021')), v_now) f
    where f.outcome = 'written');
end
$$;
comment on function ratchet_private.record_death(ratchet.jobs) is 'Notes in the task that a locked job was in that its worker died. For a suspect it counts as a failed try, which ends the job''s claim with a retry or for good: true then. Otherwise the job is still to be let go.';
