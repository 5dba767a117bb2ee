create or replace function ratchet_private.lock_worker(p_worker_id integer) returns void
language plpgsql volatile set search_path = '' as $$
begin
  -- Held by this session for as long as the worker lives; others read it in pg_locks.
  perform pg_advisory_lock(ratchet_private.worker_lock_class(), p_worker_id);
end
$$;
comment on function ratchet_private.lock_worker(integer) is 'Takes a worker''s lock on this connection.';
