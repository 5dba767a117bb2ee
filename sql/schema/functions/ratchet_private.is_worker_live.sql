create or replace function ratchet_private.is_worker_live(p_worker ratchet.workers) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  if p_worker.stopped_at is not null or p_worker.beat_at < clock_timestamp() - interval '15 seconds' then
    return false;
  end if;
  -- pg_locks is dear, and mostly not needed.
  return p_worker.beat_at > clock_timestamp() - interval '2 seconds' or ratchet_private.is_worker_locked(p_worker.id);
end
$$;
comment on function ratchet_private.is_worker_live(ratchet.workers) is 'Whether a worker gave a sign of life within 2 seconds, or within 15 and a connection holds its lock. By the server''s own clock.';
