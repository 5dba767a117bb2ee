-- security definer: whoever may cancel jobs needs no right on the tables or on graphile-worker's.
create or replace function ratchet.cancel_jobs(
  ids bigint[] default null,
  identifier text default null,
  status ratchet.job_status[] default null,
  tenant text default null,
  created_after timestamptz default null,
  created_before timestamptz default null,
  reason text default null,
  dry_run boolean default false,
  after bigint default 0,
  max_jobs integer default 100,
  search text default null
) returns ratchet.orders_outcome
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  return ratchet_private.order_jobs('cancel',
    row(cancel_jobs.ids, cancel_jobs.identifier, cancel_jobs.status, null, cancel_jobs.tenant,
      cancel_jobs.created_after, cancel_jobs.created_before, null, null, cancel_jobs.search),
    cancel_jobs.after, cancel_jobs.max_jobs, cancel_jobs.dry_run, cancel_jobs.reason);
end
$$;
revoke all on function ratchet.cancel_jobs(bigint[], text, ratchet.job_status[], text, timestamptz, timestamptz, text, boolean, bigint, integer, text) from public;
comment on function ratchet.cancel_jobs(bigint[], text, ratchet.job_status[], text, timestamptz, timestamptz, text, boolean, bigint, integer, text) is 'Cancels unfinished jobs that match everything given, as cancel_job does each, in order of their ids and at most max_jobs (1000 at most): call again with after set to next_after until that is null. dry_run only counts. At least one condition must be given; times mean at or after created_after and before created_before; search is a text that the list of jobs would find, and needs the rest to leave 20000 jobs at most. With ids, jobs that have ended are tried, too, and refused.';
