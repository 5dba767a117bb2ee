create or replace function ratchet_private.register_worker(
  p_host text, p_pid integer, p_version text, p_concurrency integer, p_known_versions text[]
) returns integer
language plpgsql volatile set search_path = '' as $$
declare
  v_id integer;
  v_now timestamptz := ratchet_private.clock_now();
begin
  insert into ratchet.workers (host, pid, version, concurrency, known_versions, backend_pids, started_at, beat_at)
    values (p_host, p_pid, p_version, p_concurrency, p_known_versions, array[pg_backend_pid()], v_now, v_now)
    returning id into v_id;
  -- Held by this session for as long as the worker lives; others read it in pg_locks.
  perform pg_advisory_lock(ratchet_private.worker_lock_class(), v_id);
  return v_id;
end
$$;
comment on function ratchet_private.register_worker(text, integer, text, integer, text[]) is 'Enters a worker and takes its lock on this connection.';
