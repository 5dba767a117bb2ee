create or replace function ratchet_private.let_go(p_job_id bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_fence integer;
  v_is_cancelled boolean;
  v_first integer := ratchet_private.first_unfinished(p_job_id);
begin
  update ratchet.jobs j set worker_id = null, fence = j.fence + 1 where j.id = p_job_id
    returning j.fence, j.cancelled_at is not null into v_fence, v_is_cancelled;
  -- It was allowed to end the try it was in and nothing more.
  if v_is_cancelled then
    perform ratchet_private.cancel_unfinished_tasks(p_job_id, 0, v_fence);
    return;
  end if;
  update ratchet.tasks t set
    fence = v_fence, stop_after = false,
    status = case t.status when 'RUNNING' then 'PENDING' else t.status end,
    started_at = case when t.status <> 'RUNNING' then t.started_at end,
    progress = null
    -- The worker may be in another than the first one: a task before it was set back by hand.
    where t.job_id = p_job_id and (t.position = v_first or t.status = 'RUNNING');
end
$$;
comment on function ratchet_private.let_go(bigint) is 'Takes a locked job from its worker: raises the fence, and a RUNNING task is PENDING again. No try is counted. A job that was to stop is CANCELLED.';
