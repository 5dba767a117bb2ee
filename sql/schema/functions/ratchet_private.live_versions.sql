-- security definer: it looks at workers for callers who may not, and tells nothing of them but what they can run.
create or replace function ratchet_private.live_versions() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- No look at locks, unlike is_worker_live: a streaming replica has none, and its signs of life come late.
  return array(
    select distinct v from ratchet.workers w cross join unnest(w.known_versions) v
    where w.stopped_at is null and w.beat_at > clock_timestamp() - interval '10 seconds');
end
$$;
comment on function ratchet_private.live_versions() is 'The versions of definitions that workers have handlers for that gave a sign of life within 10 seconds.';
