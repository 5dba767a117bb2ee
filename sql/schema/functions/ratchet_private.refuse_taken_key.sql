create or replace function ratchet_private.refuse_taken_key(p_job ratchet.jobs) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  raise exception using
    errcode = 'RT019',
    message = format('Job %s cannot go on: job %s has its key "%s" now and is not finished.',
      p_job.id, ratchet_private.job_with_key(p_job.tenant, p_job.job_key), p_job.job_key),
    hint = 'At most one unfinished job has a key: wait until that one is finished, or cancel it. Nothing was changed.';
end
$$;
comment on function ratchet_private.refuse_taken_key(ratchet.jobs) is 'Raises RT019 for a finished job that an order would let go on, though another unfinished one has its key by now.';
