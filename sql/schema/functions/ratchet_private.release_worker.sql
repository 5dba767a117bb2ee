create or replace function ratchet_private.release_worker(p_worker_id integer) returns integer
language plpgsql volatile set search_path = '' as $$
declare
  v_freed bigint[];
begin
  perform graphile_worker.force_unlock_workers(w.pool_ids) from ratchet.workers w where w.id = p_worker_id;
  v_freed := ratchet_private.free_jobs(p_worker_id, array(
    select j.id from ratchet.jobs j where j.finished_at is null and j.worker_id = p_worker_id order by j.id));
  update ratchet.workers w set stopped_at = ratchet_private.clock_now() where w.id = p_worker_id and w.stopped_at is null;
  return cardinality(v_freed);
end
$$;
comment on function ratchet_private.release_worker(integer) is 'Ends a worker that is gone: frees its graphile-worker rows and its jobs, uncounted, so that they go on at once elsewhere. Returns how many jobs. Doing it twice does no harm.';
