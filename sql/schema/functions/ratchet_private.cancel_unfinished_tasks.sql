create or replace function ratchet_private.cancel_unfinished_tasks(p_job_id bigint, p_after integer, p_fence integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  update ratchet.tasks t
    set status = 'CANCELLED', fence = p_fence, error_message = null, progress = null
    where t.job_id = p_job_id and t.position > p_after and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED');
end
$$;
comment on function ratchet_private.cancel_unfinished_tasks(bigint, integer, integer) is 'Cancels what has not ended after this position, so that no claim older than the fence can write it.';
