create or replace function ratchet_private.add_wake_ups(
  p_job_ids bigint[], p_not_before timestamptz default null, p_flags text[] default null
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call. Plans
-- are kept: graphile-worker's add_jobs would be planned at each call, which takes three times as long as running it.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
declare
  v_shift interval := (select shift from ratchet_private.clock);
  v_missing bigint[] := p_job_ids;
  v_specs graphile_worker.job_spec[];
  v_added text[];
begin
  -- add_jobs returns no row for a key whose row a getJob is just locking; the next round finds that row locked and replaces it.
  while cardinality(v_missing) > 0 loop
    select array_agg((
        j.identifier,
        json_build_object('$ratchet', j.id::text),
        case when j.queue_name is not null then ratchet_private.queue_of(j.tenant, j.queue_name) end,
        greatest(coalesce(j.next_attempt_at, j.run_at), p_not_before) - v_shift,
        32767,
        'ratchet:' || j.id,
        j.priority,
        p_flags
      )::graphile_worker.job_spec order by j.id)
      into v_specs
      from ratchet.jobs j where j.id = any (v_missing);
    exit when v_specs is null;
    v_added := array(select w.key from graphile_worker.add_jobs(v_specs) w);
    exit when cardinality(v_added) = cardinality(v_specs);
    v_missing := array(
      select split_part(m.key, ':', 2)::bigint
      from (select s.job_key from unnest(v_specs) s except select a from unnest(v_added) a) m (key));
  end loop;
end
$$;
comment on function ratchet_private.add_wake_ups(bigint[], timestamptz, text[]) is 'Adds or moves the graphile-worker row that wakes a worker for each of these jobs: at the time the job is due, but not before p_not_before. Workers leave rows alone whose flags they forbid.';
