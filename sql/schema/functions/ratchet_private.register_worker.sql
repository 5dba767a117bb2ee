create or replace function ratchet_private.register_worker(
  p_host text, p_pid integer, p_version text, p_concurrency integer, p_known_versions text[]
) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_id integer;
begin
  insert into ratchet.workers (host, pid, version, concurrency, known_versions, started_at, beat_at)
    values (p_host, p_pid, p_version, p_concurrency, p_known_versions, clock_timestamp(), clock_timestamp())
    returning id into v_id;
  perform ratchet_private.lock_worker(v_id);
  return v_id;
end
$$;
comment on function ratchet_private.register_worker(text, integer, text, integer, text[]) is 'Enters a worker and takes its lock on this connection.';
