create or replace function ratchet_private.position_to_retry(p_job ratchet.jobs, p_from_task text) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_nothing constant text := ' Nothing was changed.';
  v_position integer;
  v_task ratchet.tasks;
begin
  perform ratchet_private.refuse_scrubbed(p_job, 'cannot be tried again');
  if p_job.version is null and p_job.adopted_from is not null then
    raise exception using
      errcode = 'RT017',
      message = format('Job %s cannot be tried again: it could not be planned.', p_job.id),
      hint = format('Add a new job: select ratchet.add_job(%L, …);', p_job.identifier) || v_nothing;
  end if;
  if p_job.status not in ('FAILED', 'CANCELLED') and not (p_job.status = 'COMPLETED' and p_from_task is not null) then
    raise exception using
      errcode = 'RT017',
      message = format('Job %s is %s and cannot be tried again.', p_job.id, p_job.status),
      hint = case p_job.status
        when 'COMPLETED' then 'Say from which task on it shall run once more: from_task takes the key of a task.'
        when 'PENDING' then 'It has not started yet, and runs by itself.'
        else 'Cancel it first.' end || v_nothing;
  end if;

  if p_from_task is null then
    select * into v_task from ratchet.tasks t
      where t.job_id = p_job.id and t.status not in ('COMPLETED', 'SKIPPED') order by t.position limit 1;
    if not found then
      raise exception using
        errcode = 'RT017',
        message = format('Job %s has no task that is left to run.', p_job.id),
        hint = 'Say from which task on it shall run once more: from_task takes the key of a task.' || v_nothing;
    end if;
    -- A task that was cancelled on its own, by hand: the others went on without it.
    if exists (select from ratchet.tasks t where t.job_id = p_job.id and t.position > v_task.position and t.status = 'COMPLETED') then
      raise exception using
        errcode = 'RT017',
        message = format('Job %s cannot go on at task "%s": tasks after it are COMPLETED.', p_job.id, v_task.key),
        hint = format('To run it and all after it: select ratchet.retry_job(%s, from_task => %L);', p_job.id, v_task.key) || v_nothing;
    end if;
    return v_task.position;
  end if;

  v_position := (
    select t.position from ratchet.tasks t
    where t.job_id = p_job.id and (t.key = p_from_task or t.template = p_from_task)
    order by t.key <> p_from_task, t.position limit 1);
  if v_position is null then
    perform ratchet_private.refuse_unknown_task(p_job.id, p_from_task, 'Name the task by its key.');
  end if;
  select * into v_task from ratchet.tasks t
    where t.job_id = p_job.id and t.position < v_position and t.status not in ('COMPLETED', 'SKIPPED') order by t.position limit 1;
  if found then
    raise exception using
      errcode = 'RT017',
      message = format('Job %s cannot go on from task "%s": task "%s" before it is %s.', p_job.id, p_from_task, v_task.key, v_task.status),
      hint = format('Leave from_task out to go on there, or name "%s" or a task before it.', v_task.key) || v_nothing;
  end if;
  return v_position;
end
$$;
comment on function ratchet_private.position_to_retry(ratchet.jobs, text) is 'From which task on a job is to be tried again; raises where it cannot be.';
