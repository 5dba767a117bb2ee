create or replace function ratchet_private.task_for_order(p_job ratchet.jobs, p_key text) returns ratchet.tasks
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  c_nothing constant text := ' Nothing was changed.';
  v_task ratchet.tasks;
begin
  perform ratchet_private.refuse_scrubbed(p_job, 'cannot go on');
  select * into v_task from ratchet.tasks t where t.job_id = p_job.id and t.key = p_key;
  if not found then
    perform ratchet_private.refuse_unknown_task(p_job.id, p_key, case
      when exists (select from ratchet.tasks t where t.job_id = p_job.id and t.template = p_key)
      then format('The order is for one task: name it by its key, such as "%s[1]".', p_key)
      else 'Name the task by its key.' end);
  end if;
  if p_job.version is null and p_job.adopted_from is not null then
    raise exception using
      errcode = 'RT023',
      message = format('Job %s could not be planned, so that it has no task which could be left out or done by hand.', p_job.id),
      hint = format('Add a new job: select ratchet.add_job(%L, …);', p_job.identifier) || c_nothing;
  end if;
  if v_task.status in ('COMPLETED', 'SKIPPED', 'CANCELLED') then
    raise exception using
      errcode = 'RT023',
      message = format('Task "%s" of job %s has ended: it is %s.', v_task.key, p_job.id, v_task.status),
      hint = case v_task.status
        when 'COMPLETED' then format('To run it and all after it once more: select ratchet.retry_job(%s, from_task => %L);', p_job.id, v_task.key)
        when 'CANCELLED' then format('Let the job go on first: select ratchet.retry_job(%s);', p_job.id)
        else 'The job goes on without it.' end || c_nothing;
  end if;
  return v_task;
end
$$;
comment on function ratchet_private.task_for_order(ratchet.jobs, text) is 'The task with this key of a locked job, for an order that ends it; raises where it has ended, or there is none.';
