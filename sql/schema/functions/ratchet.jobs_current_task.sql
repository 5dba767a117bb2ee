create or replace function ratchet.jobs_current_task(job ratchet.jobs) returns ratchet.tasks
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_task ratchet.tasks;
begin
  -- Column by column: viewers have no right on input and result, which tasks_input gives them; there is no result yet.
  select t.job_id, t.position, t.status, t.fence, t.attempts, t.deaths, t.stop_after, t.progress, t.started_at, t.completed_at,
      t.key, t.template, t.name, t.error_message
    into v_task.job_id, v_task.position, v_task.status, v_task.fence, v_task.attempts, v_task.deaths, v_task.stop_after,
      v_task.progress, v_task.started_at, v_task.completed_at, v_task.key, v_task.template, v_task.name, v_task.error_message
    from ratchet.tasks t
    where t.job_id = job.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    order by t.position limit 1;
  return v_task;
end
$$;
revoke all on function ratchet.jobs_current_task(ratchet.jobs) from public;
comment on function ratchet.jobs_current_task(ratchet.jobs) is 'The first task that is not finished, where the job is or goes on; null once all are. Its input is not in the row: ask tasks_input for it.';
