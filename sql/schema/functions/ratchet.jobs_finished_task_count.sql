create or replace function ratchet.jobs_finished_task_count(job ratchet.jobs) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select count(*) from ratchet.tasks t where t.job_id = job.id and t.status in ('COMPLETED', 'SKIPPED'));
end
$$;
revoke all on function ratchet.jobs_finished_task_count(ratchet.jobs) from public;
comment on function ratchet.jobs_finished_task_count(ratchet.jobs) is 'How many of the job''s tasks are COMPLETED or SKIPPED.';
