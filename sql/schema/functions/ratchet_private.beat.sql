create or replace function ratchet_private.beat(
  p_worker_id integer, p_pool_ids text[], out is_buried boolean, out others json
)
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- A sign of life waits for no disk and no replica, and a crash may lose it.
  perform set_config('synchronous_commit', 'off', true);
  -- The server's own clock, never the one that tests set.
  update ratchet.workers w set beat_at = clock_timestamp(), pool_ids = p_pool_ids
    where w.id = p_worker_id and w.stopped_at is null;
  is_buried := not found;
  others := (
    select coalesce(json_agg(json_build_array(w.id, w.beat_at::text)), '[]')
    from ratchet.workers w where w.stopped_at is null and w.id <> p_worker_id);
end
$$;
comment on function ratchet_private.beat(integer, text[]) is 'A worker''s sign of life. Says whether it was taken for dead meanwhile, and of the other workers, [[id, beat_at], …], when each gave its last one.';
