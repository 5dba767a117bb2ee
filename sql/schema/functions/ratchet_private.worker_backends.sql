create or replace function ratchet_private.worker_backends(p_worker_id integer) returns setof integer
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  return query
    select distinct l.pid from pg_catalog.pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 2 and l.objid = p_worker_id::oid
      and l.classid in (ratchet_private.worker_lock_class()::oid, ratchet_private.session_lock_class()::oid)
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
      and l.pid <> pg_backend_pid();
end
$$;
comment on function ratchet_private.worker_backends(integer) is 'Server processes of all connections of a worker, but not of this one.';
