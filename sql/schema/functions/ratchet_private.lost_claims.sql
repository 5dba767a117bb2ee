create or replace function ratchet_private.lost_claims(p_worker_id integer, p_job_ids bigint[], p_fences integer[]) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return array(
    select c.job_id from unnest(p_job_ids, p_fences) c (job_id, fence)
    left join ratchet.jobs j on j.id = c.job_id
    where j.id is null or j.fence > c.fence
      -- Cancelled by hand, which raises the fences of tasks alone.
      or (j.cancelled_at is not null and j.worker_id is distinct from p_worker_id)
  );
end
$$;
comment on function ratchet_private.lost_claims(integer, bigint[], integer[]) is 'Of the jobs that a worker believes to hold, given with the fences it claimed them under, those that it has lost: cancelled, taken over, or deleted.';
