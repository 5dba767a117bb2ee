create or replace function ratchet_private.worker_lock_class() returns integer
-- Another one for each Ratchet in a database, since their workers have the same numbers.
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$select ('x' || left(md5('ratchet.workers'), 8))::bit(32)::integer$$;
comment on function ratchet_private.worker_lock_class() is 'First key of the advisory locks that live workers hold; the second is the worker''s id.';
