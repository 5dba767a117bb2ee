create or replace function ratchet_private.task_end(p_job_id bigint, p_position integer, p_fence integer) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  -- The lock waits for a transaction of ours whose COMMIT may still be under way.
  return (
    select t.status = 'COMPLETED' and t.fence = p_fence
    from ratchet.tasks t where t.job_id = p_job_id and t.position = p_position for update
  );
end
$$;
comment on function ratchet_private.task_end(bigint, integer, integer) is 'Whether a transaction task whose COMMIT got no answer is COMPLETED under this claim.';
