create or replace function ratchet_private.rescue_worker(
  p_dead_id integer, p_rescuer_id integer default null, p_beat_at timestamptz default null, p_is_silent boolean default false
) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_dead ratchet.workers;
  v_freed bigint[];
begin
  -- Its own next beat waits for this row, and finds out. Another rescuer passes over it.
  select * into v_dead from ratchet.workers w where w.id = p_dead_id and w.stopped_at is null for update skip locked;
  if not found or v_dead.beat_at <> p_beat_at or (not p_is_silent and ratchet_private.is_worker_locked(p_dead_id)) then
    return null;
  end if;
  -- First of all: a frozen process may hold rows, and one that is cut off may be in the middle of a claim.
  perform ratchet_private.end_worker_backends(p_dead_id);
  v_freed := ratchet_private.free_jobs(p_dead_id, ratchet_private.jobs_of_worker(p_dead_id), true);
  update ratchet.workers w set stopped_at = clock_timestamp(), rescued_by = p_rescuer_id where w.id = p_dead_id;
  return v_freed;
end
$$;
comment on function ratchet_private.rescue_worker(integer, integer, timestamptz, boolean) is 'Takes over from a worker that is dead: its lock is free and its last sign of life is still the one of p_beat_at (any, if null); p_is_silent: its lock may be held, because it has been silent for too long. Ends its connections, frees its graphile-worker rows and its jobs, and returns these; null if it is not dead or somebody else is at it. Doing it twice does no harm.';
