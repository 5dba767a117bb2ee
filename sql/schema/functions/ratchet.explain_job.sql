create or replace function ratchet.explain_job(job_id bigint) returns text
language plpgsql volatile set search_path = '' as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_job ratchet.jobs;
  v_task ratchet.tasks;
  v_worker ratchet.workers;
  v_tasks integer;
  v_finished integer;
  v_max_attempts integer;
  v_live integer;
  v_knowing integer;
  v_head text;
  v_at text;
  v_free text;
begin
  select * into v_job from ratchet.jobs j where j.id = explain_job.job_id;
  if not found then
    raise exception using
      errcode = 'RT013',
      message = format('There is no job %s.', explain_job.job_id),
      hint = 'See select * from ratchet.job_overview; a finished job may have been pruned.';
  end if;
  select count(*), count(*) filter (where t.status in ('COMPLETED', 'SKIPPED')) into v_tasks, v_finished
    from ratchet.tasks t where t.job_id = v_job.id;
  select * into v_task from ratchet.tasks t where t.job_id = v_job.id and t.position = ratchet_private.first_unfinished(v_job.id);
  v_max_attempts := coalesce(v_job.max_attempts, (
    select d.max_attempts from ratchet.definitions d where d.identifier = v_job.identifier and d.version = v_job.version));
  v_head := format('Job %s (%s)', v_job.id, v_job.identifier);
  v_at := format('task %s of %s, "%s"', v_task.position, v_tasks, v_task.name);

  select count(*), count(*) filter (where v_job.version = any (w.known_versions)) into v_live, v_knowing
    from ratchet.workers w where ratchet_private.is_worker_live(w);
  v_free := case
    when v_job.version is null then 'It is outside the queue and goes on when the program that made it runs it again.'
    when v_knowing > 0 then format('It waits for one of the %s live workers that know it to be free.', v_knowing)
    when v_live > 0 then format('None of the %s live workers knows version %s of "%s": start one that does, with "ratchet worker".', v_live, v_job.version, v_job.identifier)
    else 'No worker is alive: start one with "ratchet worker".'
  end;

  if v_job.status = 'COMPLETED' then
    return format('%s is COMPLETED: all %s tasks are finished, %s after it started. Nothing more happens.',
      v_head, v_tasks, ratchet_private.describe_span(v_job.finished_at - coalesce(v_job.started_at, v_job.finished_at)));
  elsif v_job.status = 'CANCELLED' then
    return format('%s was cancelled (%s) with %s of %s tasks finished. Nothing more happens.',
      v_head, coalesce(v_job.cancel_reason, 'no reason given'), v_finished, v_tasks);
  elsif v_job.status = 'FAILED' and v_job.finished_at is not null then
    return format('%s has failed for good at %s after %s tries: %s Nothing more happens by itself.',
      v_head, v_at, v_task.attempts, v_task.error_message || case when v_task.error_message ~ '[.!?]$' then '' else '.' end);
  elsif v_job.status = 'FAILED' then
    return format('%s failed at %s (try %s of %s): %s It is tried again %s and goes on there; what is finished (%s of %s) is not run again.%s',
      v_head, v_at, v_task.attempts, v_max_attempts,
      v_task.error_message || case when v_task.error_message ~ '[.!?]$' then '' else '.' end,
      case when v_job.next_attempt_at > v_now then 'in ' || ratchet_private.describe_span(v_job.next_attempt_at - v_now) else 'as soon as a worker is free' end,
      v_finished, v_tasks, case when v_knowing = 0 then ' ' || v_free else '' end);
  elsif v_job.worker_id is not null then
    select * into v_worker from ratchet.workers w where w.id = v_job.worker_id;
    return format('%s is at %s (try %s of %s), held by worker %s (%s, process %s)%s. Finished: %s of %s.',
      v_head, v_at, v_task.attempts + 1, v_max_attempts, v_job.worker_id, v_worker.host, v_worker.pid,
      case
        when not ratchet_private.is_worker_live(v_worker) then format(', which has been silent for %s', ratchet_private.describe_span(v_now - v_worker.beat_at))
        when v_task.status = 'RUNNING' then format(' and running for %s', ratchet_private.describe_span(v_now - v_task.started_at))
        else '' end,
      v_finished, v_tasks);
  elsif v_job.status = 'PENDING' and v_job.run_at > v_now then
    return format('%s has not started: it is to run in %s, with %s tasks.%s',
      v_head, ratchet_private.describe_span(v_job.run_at - v_now), v_tasks, case when v_knowing = 0 then ' ' || v_free else '' end);
  elsif v_job.status = 'PENDING' then
    return format('%s has not started; %s tasks are planned. %s', v_head, v_tasks, v_free);
  else
    return format('%s was handed back with %s of %s tasks finished and goes on at %s. %s', v_head, v_finished, v_tasks, v_at, v_free);
  end if;
end
$$;
revoke all on function ratchet.explain_job(bigint) from public;
comment on function ratchet.explain_job(bigint) is 'One sentence: why a job is where it is and what happens next.';
