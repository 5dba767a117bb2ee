-- security definer: a service may add jobs without any right on the tables or on graphile-worker's.
create or replace function ratchet.add_jobs(specs jsonb) returns setof ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_ids bigint[] := ratchet_private.insert_jobs(specs);
  v_job ratchet.jobs;
begin
  if not specs @? '$[*] ? (@."job_key_mode" == "unsafe_dedupe")' or ratchet_private.caller_is('ratchet_operator') then
    return query select j.* from unnest(v_ids) with ordinality a (id, n) join ratchet.jobs j on j.id = a.id order by a.n;
    return;
  end if;
  for v_n in 1 .. cardinality(v_ids) loop
    select * into strict v_job from ratchet.jobs j where j.id = v_ids[v_n];
    -- It may be somebody else's, which whoever may only add has no right to read.
    if v_job.payload <> coalesce(specs -> (v_n - 1) -> 'payload', '{}') then
      v_job.payload := null;
    end if;
    return next v_job;
  end loop;
end
$$;
revoke all on function ratchet.add_jobs(jsonb) from public;
comment on function ratchet.add_jobs(jsonb) is 'Adds many jobs at once: an array of objects with the arguments of add_job as fields. All or none; the rows come back in order.';
