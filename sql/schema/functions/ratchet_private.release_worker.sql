create or replace function ratchet_private.release_worker(p_worker_id integer) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_freed bigint[];
begin
  -- Before tasks and jobs, as a rescuer does.
  perform from ratchet.workers w where w.id = p_worker_id for update;
  v_freed := ratchet_private.free_jobs(p_worker_id, ratchet_private.jobs_of_worker(p_worker_id));
  update ratchet.workers w set stopped_at = clock_timestamp() where w.id = p_worker_id and w.stopped_at is null;
  return cardinality(v_freed);
end
$$;
comment on function ratchet_private.release_worker(integer) is 'Ends a worker that stops: frees its graphile-worker rows and its jobs, uncounted, so that they go on at once elsewhere. Returns how many jobs. Doing it twice does no harm.';
