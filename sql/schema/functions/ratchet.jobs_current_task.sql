create or replace function ratchet.jobs_current_task(job ratchet.jobs) returns ratchet.tasks
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_task ratchet.tasks;
begin
  select * into v_task from ratchet.tasks t
    where t.job_id = job.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    order by t.position limit 1;
  return v_task;
end
$$;
revoke all on function ratchet.jobs_current_task(ratchet.jobs) from public;
comment on function ratchet.jobs_current_task(ratchet.jobs) is 'The first task that is not finished, where the job is or goes on; null once all are.';
