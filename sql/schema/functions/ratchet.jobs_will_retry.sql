create or replace function ratchet.jobs_will_retry(job ratchet.jobs) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  return job.next_attempt_at is not null;
end
$$;
revoke all on function ratchet.jobs_will_retry(ratchet.jobs) from public;
comment on function ratchet.jobs_will_retry(ratchet.jobs) is 'Whether the job has FAILED and is tried again by itself, at next_attempt_at.';
