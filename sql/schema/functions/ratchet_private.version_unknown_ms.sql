create or replace function ratchet_private.version_unknown_ms(p_job_id bigint) returns double precision
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
begin
  return (
    select case
      when bool_or(ratchet_private.is_worker_live(w)) then null
      else extract(epoch from v_now - greatest(max(coalesce(w.stopped_at, w.beat_at)), j.run_at, j.next_attempt_at)) * 1000 end
    from ratchet.jobs j
    left join ratchet.workers w on j.version = any (w.known_versions)
    where j.id = p_job_id
    group by j.id
  );
end
$$;
comment on function ratchet_private.version_unknown_ms(bigint) is 'For how long no live worker has known the version of a due job; null if one does.';
