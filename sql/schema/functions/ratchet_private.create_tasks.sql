create or replace function ratchet_private.create_tasks(p_job_id bigint, p_names text[]) returns setof ratchet.tasks
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_status ratchet.job_status;
  v_twice text;
begin
  select j.status into v_status from ratchet.jobs j where j.id = p_job_id for update;
  if not found then
    raise exception using
      errcode = 'RT013', message = format('There is no job %s.', p_job_id), hint = 'Create it first with createJob.';
  end if;
  if v_status = 'CANCELLED' then
    raise exception using
      errcode = 'RT016', message = format('Job %s has ended as CANCELLED and takes no plan.', p_job_id),
      hint = 'Create another job.';
  end if;
  if exists (select from ratchet.tasks t where t.job_id = p_job_id) then
    raise exception using
      errcode = 'RT015', message = format('Job %s has its plan already.', p_job_id),
      hint = 'A plan is made once. Create another job for another plan.';
  end if;
  if coalesce(cardinality(p_names), 0) = 0 then
    raise exception using
      errcode = 'RT004', message = format('The plan of job %s has no task.', p_job_id), hint = 'Give at least one name.';
  end if;
  if cardinality(p_names) > 10000 then
    raise exception using
      errcode = 'RT005', message = format('The plan of job %s would have %s tasks; 10000 is the most.', p_job_id, cardinality(p_names)),
      hint = 'Split the work over several jobs. Nothing was written.';
  end if;
  if array_position(p_names, null) is not null then
    raise exception using
      errcode = 'RT006', message = format('A task of job %s has no name.', p_job_id), hint = 'Give each task a text. Nothing was written.';
  end if;
  select n.name into v_twice from unnest(p_names) n (name) group by n.name having count(*) > 1 limit 1;
  if found then
    raise exception using
      errcode = 'RT014', message = format('The task "%s" is named twice.', v_twice),
      hint = 'A name finds its handler, so each must be there once. Nothing was written.';
  end if;
  return query
    insert into ratchet.tasks as t (job_id, position, key, template, name)
    select p_job_id, n.position, n.name, n.name, n.name from unnest(p_names) with ordinality n (name, position)
    returning t.*;
end
$$;
comment on function ratchet_private.create_tasks(bigint, text[]) is 'TaskOrchestrator: the plan of a job outside the queue, one task a name, in order.';
