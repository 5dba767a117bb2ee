-- security definer: whoever may retry jobs needs no right on the tables or on graphile-worker's.
create or replace function ratchet.retry_jobs(
  ids bigint[] default null,
  identifier text default null,
  status ratchet.job_status[] default null,
  tenant text default null,
  created_after timestamptz default null,
  created_before timestamptz default null,
  finished_after timestamptz default null,
  finished_before timestamptz default null,
  reason text default null,
  dry_run boolean default false,
  after bigint default 0,
  max_jobs integer default 100,
  search text default null
) returns ratchet.orders_outcome
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  if retry_jobs.status && '{PENDING,RUNNING,WAITING,COMPLETED}' then
    raise exception using
      errcode = 'RT006', message = format('status may name FAILED and CANCELLED and is %s.', retry_jobs.status),
      hint = 'Other jobs run by themselves or have nothing left to run; retry_job with from_task repeats a COMPLETED one. Nothing was changed.';
  end if;
  return ratchet_private.order_jobs('retry',
    row(retry_jobs.ids, retry_jobs.identifier, retry_jobs.status, null, retry_jobs.tenant, retry_jobs.created_after,
      retry_jobs.created_before, retry_jobs.finished_after, retry_jobs.finished_before, retry_jobs.search),
    retry_jobs.after, retry_jobs.max_jobs, retry_jobs.dry_run, retry_jobs.reason);
end
$$;
revoke all on function ratchet.retry_jobs(bigint[], text, ratchet.job_status[], text, timestamptz, timestamptz, timestamptz, timestamptz, text, boolean, bigint, integer, text) from public;
comment on function ratchet.retry_jobs(bigint[], text, ratchet.job_status[], text, timestamptz, timestamptz, timestamptz, timestamptz, text, boolean, bigint, integer, text) is 'Lets jobs go on that have FAILED for good (status may name CANCELLED, too) and match everything given, as retry_job does each, in order of their ids and at most max_jobs (1000 at most): call again with after set to next_after until that is null. dry_run only counts. At least one condition must be given; times mean at or after …_after and before …_before; search is a text that the list of jobs would find, and needs the rest to leave 20000 jobs at most. With ids, jobs that cannot be tried again are tried, too, and refused.';
