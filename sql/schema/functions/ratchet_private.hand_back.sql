create or replace function ratchet_private.hand_back(p_worker_id integer, p_job_ids bigint[], p_fences integer[], p_delay interval default '0')
returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_mark text := ratchet_private.begin_engine_change('order');
  v_claim record;
  v_job ratchet.jobs;
  v_freed bigint[] := '{}';
begin
  for v_claim in select * from unnest(p_job_ids, p_fences) c (job_id, fence) order by c.job_id loop
    v_job := ratchet_private.lock_job(v_claim.job_id);
    if v_job.worker_id = p_worker_id and v_job.fence = v_claim.fence then
      perform ratchet_private.let_go(v_claim.job_id);
      v_freed := v_freed || v_claim.job_id;
    end if;
  end loop;
  perform ratchet_private.add_wake_ups(
    array(select j.id from ratchet.jobs j where j.id = any (v_freed) and j.version is not null and j.finished_at is null),
    ratchet_private.clock_now() + p_delay);
  perform ratchet_private.end_engine_change(v_mark);
  return cardinality(v_freed);
end
$$;
comment on function ratchet_private.hand_back(integer, bigint[], integer[], interval) is 'A worker gives jobs it claimed back, uncounted, each with a wake-up in the same commit. A claim that is no longer its own is left alone.';
