create or replace function ratchet_private.refuse_unknown_task(p_job_id bigint, p_key text, p_hint text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  raise exception using
    errcode = 'RT008',
    message = format('Job %s has no task "%s".', p_job_id, p_key),
    detail = format('Its tasks are: %s.', (
      select string_agg(t.key, ', ' order by t.position) || case when count(*) >= 20 then ' …' else '' end
      from ratchet.tasks t where t.job_id = p_job_id and t.position <= 20)),
    hint = p_hint || ' Nothing was changed.';
end
$$;
comment on function ratchet_private.refuse_unknown_task(bigint, text, text) is 'Raises RT008, with the keys of the tasks that there are.';
