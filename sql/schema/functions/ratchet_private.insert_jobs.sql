create or replace function ratchet_private.insert_jobs(p_specs jsonb) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call. Plans are kept:
-- a statement over an array would be planned at each call, which takes longer than running it for one job.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
declare
  v_specs ratchet_private.job_spec[];
  v_keys integer;
begin
  v_specs := ratchet_private.plan_jobs(p_specs);
  v_keys := (select count(s.job_key) from unnest(v_specs) s);
  if v_keys < 2 then
    return ratchet_private.write_specs(v_specs, v_keys);
  end if;
  -- Whoever takes several keys can meet another who took some of them in another order: a job that stood between theirs ended,
  -- or came. Postgres ends one of the two, and that one begins again, as long as the caller's own transaction is not part of it.
  for v_n in 1..5 loop
    begin
      return ratchet_private.write_specs(v_specs, v_keys);
    exception when deadlock_detected then
      if v_n = 5 then
        raise;
      end if;
      -- Its locks are free since the block ended; at once it would take them again before the other one has woken up.
      perform pg_catalog.pg_sleep(0.05 * v_n);
    end;
  end loop;
end
$$;
comment on function ratchet_private.insert_jobs(jsonb) is 'Adds jobs with plans and wake-ups in the caller''s transaction; returns their ids in order.';
