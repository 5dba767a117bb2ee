create or replace function ratchet.jobs_is_final(job ratchet.jobs) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return job.finished_at is not null;
end
$$;
revoke all on function ratchet.jobs_is_final(ratchet.jobs) from public;
comment on function ratchet.jobs_is_final(ratchet.jobs) is 'Whether nothing more happens to the job by itself: it is COMPLETED, CANCELLED, or FAILED for good.';
