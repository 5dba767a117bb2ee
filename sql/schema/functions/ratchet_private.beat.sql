create or replace function ratchet_private.beat(
  p_worker_id integer, p_pool_ids text[], p_job_ids bigint[] default '{}', p_fences integer[] default '{}'
) returns bigint[]
language plpgsql volatile set search_path = ''
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  update ratchet.workers w set beat_at = ratchet_private.clock_now(), pool_ids = p_pool_ids where w.id = p_worker_id;
  return array(
    select c.job_id from unnest(p_job_ids, p_fences) c (job_id, fence)
    left join ratchet.jobs j on j.id = c.job_id
    where j.id is null or j.fence > c.fence
      -- Cancelled by hand, which raises the fences of tasks alone.
      or (j.cancelled_at is not null and j.worker_id is distinct from p_worker_id)
  );
end
$$;
comment on function ratchet_private.beat(integer, text[], bigint[], integer[]) is 'A worker''s sign of life. Of the jobs that it believes to hold, given with the fences it claimed them under, returns those that it has lost: cancelled, taken over, or deleted.';
