create or replace function ratchet_private.is_worker_locked(p_worker_id integer) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- Read, never probed by taking it: a probe that succeeds looks like a living worker to others.
  return exists (
    select from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.granted
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and l.classid = ratchet_private.worker_lock_class()::oid and l.objid = p_worker_id::oid and l.objsubid = 2
  );
end
$$;
comment on function ratchet_private.is_worker_locked(integer) is 'Whether a live connection holds this worker''s lock.';
