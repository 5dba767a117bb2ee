-- security definer: it looks at workers and at Ratchet's clock for callers who may not.
create or replace function ratchet.explain_job(job_id bigint) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_tenants constant text[] := ratchet_private.caller_tenants();
  v_now timestamptz := ratchet_private.clock_now();
  v_job ratchet.jobs;
  v_task ratchet.tasks;
  v_tasks integer;
  v_finished integer;
  v_max_attempts integer;
  v_head text;
  v_at text;
  v_error text;
  v_progress text;
  v_next text;
  v_error_code text;
  v_died text;
  v_suspect text;
  v_cancelled_by text;
  v_scrubbed text;
  v_timeout text;
  v_process text;
begin
  select * into v_job from ratchet.jobs j where j.id = explain_job.job_id;
  if not found or v_job.tenant <> all (v_tenants) then
    perform ratchet_private.refuse_unknown_job(explain_job.job_id);
  end if;
  select count(*), count(*) filter (where t.status in ('COMPLETED', 'SKIPPED')) into v_tasks, v_finished
    from ratchet.tasks t where t.job_id = v_job.id;
  select * into v_task from ratchet.tasks t
    where t.job_id = v_job.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    order by v_job.status = 'FAILED' and t.status <> 'FAILED', t.position limit 1;
  v_max_attempts := coalesce(v_job.max_attempts, (
    select d.max_attempts from ratchet.definitions d where d.identifier = v_job.identifier and d.version = v_job.version));

  -- Where workers run is nobody's business but the operator's of all tenants.
  v_process := case when v_tenants is not null then '' else (
    select format(' (%s, process %s)', w.host, w.pid) from ratchet.workers w where w.id = v_job.worker_id) end;

  v_head := format('Job %s (%s)', v_job.id, v_job.identifier);
  v_at := format('task %s of %s, "%s"', v_task.position, v_tasks, v_task.name);
  v_error := v_task.error_message || case when v_task.error_message ~ '[.!?]$' then '' else '.' end;
  select f.error_code, case when f.error_code = 'RT021' then format('Worker %s, which had it before, died %s ago', f.worker_id, ratchet_private.describe_span(v_now - f.failed_at)) end
    into v_error_code, v_died from ratchet.task_failures f
    where f.job_id = v_job.id and f.position = v_task.position order by f.id desc limit 1;
  v_suspect := case when ratchet_private.is_suspect(v_task.deaths) then format(
    ' %s workers died while they ran this task, so it may be what ends them, by taking all the memory for example: a worker runs one such job at a time, and each further death is a failed try.',
    v_task.deaths) end;
  select ' by order of ' || a.actor into v_cancelled_by from ratchet.audit a
    where a.job_id = v_job.id and a.action = 'cancel' and a.at >= v_job.cancelled_at order by a.id desc limit 1;
  v_scrubbed := ' Its payload, results and error texts were scrubbed ' || ratchet_private.describe_span(v_now - v_job.scrubbed_at) || ' ago.';
  v_timeout := case
    when v_job.finished_at is not null or v_job.timeout_at is null then null
    when v_job.timeout_at > v_now then format(' If it has not ended in %s, its time-out, it fails for good.', ratchet_private.describe_span(v_job.timeout_at - v_now))
    else format(' Its time-out passed %s ago: it fails for good as soon as %s.', ratchet_private.describe_span(v_now - v_job.timeout_at),
      case when v_job.worker_id is null then 'a worker picks it up' else 'its worker notices' end)
  end;
  v_progress := format('%s of %s finished', v_finished, ratchet_private.count_of(v_tasks, 'task', 'tasks'));
  v_next := case when v_job.finished_at is null and v_job.worker_id is null
    then coalesce(' ' || nullif(ratchet_private.explain_wait(v_job, v_tenants is null), ''), '') end;

  return v_head || ' ' || case
    when v_tasks = 0 and v_job.version is null then 'has no tasks yet. It is outside the queue: the program that made it gives it tasks (createTasks) and runs them.'
    when v_job.status = 'COMPLETED' then format('is COMPLETED: %s%s. Nothing more happens.%s',
      case v_tasks when 1 then 'its only task is finished' else format('all %s tasks are finished', v_tasks) end,
      ', ' || ratchet_private.describe_span(v_job.finished_at - v_job.started_at) || ' after it started', v_scrubbed)
    when v_job.status = 'CANCELLED' then format('is CANCELLED%s (%s), with %s. Nothing more happens.%s',
      v_cancelled_by, coalesce(v_job.cancel_reason, 'no reason was given'), v_progress, v_scrubbed)
    when v_job.status = 'FAILED' and v_job.finished_at is not null then format(
      'has FAILED for good at %s%s: %s Nothing more happens by itself. %s',
      v_at, ', after ' || ratchet_private.count_of(nullif(v_task.attempts, 0), 'try', 'tries'), v_error,
      case
        when v_scrubbed is not null then ltrim(v_scrubbed) || ' It cannot be tried again.'
        when v_job.version is null and v_job.adopted_from is not null or v_error_code in ('RT114', 'RT115', 'RT116', 'RT118', 'RT122') then 'Another try would end the same way: correct what it says and queue a new job.'
        else format('To try again: "ratchet retry %s", or select ratchet.retry_job(%1$s);', v_job.id) end)
    when v_job.status = 'FAILED' then format('FAILED at %s (%s): %s It is %s and goes on there%s.%s',
      v_at,
      case v_task.attempts when 0 then format('no try of %s counted yet', v_max_attempts) else format('try %s of %s', v_task.attempts, v_max_attempts) end,
      v_error,
      case when v_job.next_attempt_at > v_now then 'tried again in ' || ratchet_private.describe_span(v_job.next_attempt_at - v_now)
        else 'to be tried again now' end,
      case v_finished when 0 then '' when 1 then '; the task that is finished is not run again'
        else format('; the %s tasks that are finished are not run again', v_finished) end,
      v_next)
    when v_job.status = 'WAITING' then format('WAITS at %s for a time, a signal or another job, with %s.', v_at, v_progress)
    when v_job.worker_id is not null then (
      select format('is at %s%s, held by worker %s%s, with %s.%s',
        v_at, format(' (try %s of %s)', v_task.attempts + 1, v_max_attempts), v_job.worker_id,
        case
          when w.id is null then ', which nobody knows'
          when not ratchet_private.is_worker_live(w) or w.beat_at < clock_timestamp() - interval '3 seconds'
            then format('%s, which has been silent for %s', v_process, ratchet_private.describe_span(clock_timestamp() - w.beat_at))
          when v_task.status = 'RUNNING' then format('%s and running for %s', v_process, ratchet_private.describe_span(v_now - v_task.started_at))
          else v_process end,
        v_progress,
        case
          when v_job.cancelled_at is not null then format(' It stops after this task: %s.', v_job.cancel_reason)
          when w.id is not null and not ratchet_private.is_worker_live(w) then case
            when exists (select from ratchet.workers o where o.stopped_at is null and ratchet_private.is_worker_live(o)) then ' Another worker takes it over within seconds.'
            else ' No other worker is alive: it goes on as soon as one starts, with "ratchet worker".' end
          when w.id is null then ' The sweep of a live worker frees it.'
          when w.beat_at < clock_timestamp() - interval '3 seconds' then ' It is taken for dead after 15 s.'
          else coalesce(' ' || v_died || '; this one took it over.', '') || coalesce(v_suspect, '') || case
            when v_task.status = 'RUNNING' and v_task.started_at < v_now - interval '10 minutes'
              then ' If that is too long, cancel the job: its handler is told to stop.'
            else '' end end)
      from (select) one left join ratchet.workers w on w.id = v_job.worker_id)
    when v_job.status = 'PENDING' and v_job.run_at > v_now then format('has not started: it is to run in %s, with %s.%s',
      ratchet_private.describe_span(v_job.run_at - v_now), ratchet_private.count_of(v_tasks, 'task', 'tasks'),
      v_next)
    when v_job.status = 'PENDING' then format('has not started; %s planned.%s',
      ratchet_private.count_of(v_tasks, 'task is', 'tasks are'), v_next)
    else format('goes on at %s%s, with %s.%s%s%s', v_at,
      case when v_job.run_at > v_now then ' in ' || ratchet_private.describe_span(v_job.run_at - v_now) else '' end,
      v_progress, ' ' || v_died || '.', v_next, v_suspect)
  end || coalesce(v_timeout, '');
end
$$;
revoke all on function ratchet.explain_job(bigint) from public;
comment on function ratchet.explain_job(bigint) is 'One sentence: why a job is where it is and what happens next.';
