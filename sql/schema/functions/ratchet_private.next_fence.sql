create or replace function ratchet_private.next_fence(p_job ratchet.jobs) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  -- Above every task's, because a change by hand raises the fence of the task it touches alone.
  return 1 + greatest(p_job.fence, (select max(t.fence) from ratchet.tasks t where t.job_id = p_job.id));
end
$$;
comment on function ratchet_private.next_fence(ratchet.jobs) is 'A fence above all that stand on a locked job, so that whatever was claimed before can no longer write it.';
