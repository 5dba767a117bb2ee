create or replace function ratchet_private.release_worker(p_worker_id integer) returns integer
language plpgsql volatile set search_path = '' as $$
declare
  v_mark text := ratchet_private.begin_engine_change('order');
  v_worker ratchet.workers;
  v_job_id bigint;
  v_job ratchet.jobs;
  v_freed bigint[] := '{}';
begin
  select * into v_worker from ratchet.workers w where w.id = p_worker_id;
  perform graphile_worker.force_unlock_workers(v_worker.pool_ids);
  for v_job_id in select j.id from ratchet.jobs j where j.finished_at is null and j.worker_id = p_worker_id order by j.id loop
    v_job := ratchet_private.lock_job(v_job_id);
    if v_job.worker_id = p_worker_id then
      perform ratchet_private.let_go(v_job_id);
      v_freed := v_freed || v_job_id;
    end if;
  end loop;
  perform ratchet_private.add_wake_ups(array(
    select j.id from ratchet.jobs j where j.id = any (v_freed) and j.version is not null and j.finished_at is null));
  update ratchet.workers w set stopped_at = ratchet_private.clock_now() where w.id = p_worker_id and w.stopped_at is null;
  perform ratchet_private.end_engine_change(v_mark);
  return cardinality(v_freed);
end
$$;
comment on function ratchet_private.release_worker(integer) is 'Ends a worker that is gone: frees its graphile-worker rows and its jobs, uncounted, so that they go on at once elsewhere. Returns how many jobs. Doing it twice does no harm.';
