create or replace function ratchet_private.lock_worker(p_worker_id integer) returns void
language plpgsql volatile set search_path = '' as $$
begin
  -- Held by this session for as long as the worker lives; others read it in pg_locks.
  perform pg_advisory_lock(ratchet_private.worker_lock_class(), p_worker_id);
  update ratchet.workers w set backend_pids = array[pg_backend_pid()] where w.id = p_worker_id;
end
$$;
comment on function ratchet_private.lock_worker(integer) is 'Takes a worker''s lock on this connection and notes the connection.';
