create or replace function ratchet_private.first_unfinished(p_job_id bigint) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return (
    select t.position from ratchet.tasks t
    where t.job_id = p_job_id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    order by t.position limit 1
  );
end
$$;
comment on function ratchet_private.first_unfinished(bigint) is 'Position of the first task that has not ended; null if all have. VOLATILE, so that each call sees what was committed meanwhile.';
