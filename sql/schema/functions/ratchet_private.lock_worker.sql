create or replace function ratchet_private.lock_worker(p_worker_id integer) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- A worker that connects again over a network that swallows: the server may take hours to notice that the old connection is gone.
  -- Another role's session has no business with this number: ending it would be refused, and fail the worker's start.
  perform pg_terminate_backend(l.pid)
    from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid and pg_has_role(current_user, a.usesysid, 'usage')
    where l.locktype = 'advisory' and l.objsubid = 2 and l.objid = p_worker_id::oid and l.pid <> pg_backend_pid()
      and l.classid = ratchet_private.worker_lock_class()::oid
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database());
  -- Held by this session for as long as the worker lives; others read it in pg_locks.
  return pg_try_advisory_lock(ratchet_private.worker_lock_class(), p_worker_id);
end
$$;
comment on function ratchet_private.lock_worker(integer) is 'Takes a worker''s lock on this connection, and ends the connection of its own that had it before; says whether it has it. If not, that one is just ending: try again.';
