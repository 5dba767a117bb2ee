create or replace function ratchet_private.read_results(p_job_id bigint, p_template text, p_before integer)
returns table (plan_position integer, result text)
language plpgsql stable set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  return query
    select t.position, t.result::text from ratchet.tasks t
    where t.job_id = p_job_id and t.template = p_template and t.position < p_before
    order by t.position;
end
$$;
comment on function ratchet_private.read_results(bigint, text, integer) is 'Results of the tasks from one template that stand before a position.';
