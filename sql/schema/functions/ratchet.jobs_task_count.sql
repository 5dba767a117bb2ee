create or replace function ratchet.jobs_task_count(job ratchet.jobs) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (select count(*) from ratchet.tasks t where t.job_id = job.id);
end
$$;
revoke all on function ratchet.jobs_task_count(ratchet.jobs) from public;
comment on function ratchet.jobs_task_count(ratchet.jobs) is 'How many tasks the job''s plan has.';
