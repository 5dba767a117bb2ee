create or replace function ratchet.jobs_progress(job ratchet.jobs) returns double precision
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return (
    select coalesce(
      sum(case when t.status in ('COMPLETED', 'SKIPPED') then 1 when t.status = 'RUNNING' then coalesce(t.progress, 0) else 0 end)::double precision
        / nullif(count(*), 0),
      0)
    from ratchet.tasks t where t.job_id = job.id
  );
end
$$;
revoke all on function ratchet.jobs_progress(ratchet.jobs) from public;
comment on function ratchet.jobs_progress(ratchet.jobs) is 'Share of the job''s tasks that is finished, 0 to 1; a running task counts for the share its handler has reported. 0 without a plan.';
