create or replace function ratchet_private.revive_worker(
  p_worker_id integer, p_host text, p_pid integer, p_version text, p_concurrency integer, p_known_versions text[]
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- A replica that took over may never have heard of it.
  insert into ratchet.workers (id, host, pid, version, concurrency, known_versions, started_at, beat_at)
    overriding system value
    values (p_worker_id, p_host, p_pid, p_version, p_concurrency, p_known_versions, clock_timestamp(), clock_timestamp())
    on conflict (id) do update set beat_at = clock_timestamp(), stopped_at = null, rescued_by = null;
end
$$;
comment on function ratchet_private.revive_worker(integer, text, integer, text, integer, text[]) is 'A worker that was taken for dead and is not goes on under its number, once it has dropped every claim of before.';
