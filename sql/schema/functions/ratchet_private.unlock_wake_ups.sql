create or replace function ratchet_private.unlock_wake_ups(p_worker_id integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- No index leads to locked rows, and its callers switch off what reads a table whole.
set enable_seqscan = on set enable_hashjoin = on set enable_mergejoin = on as $$
begin
  -- If somebody holds one of those rows, or the worker's, the pool ids stay, and the sweep tries again.
  perform from ratchet.workers w where w.id = p_worker_id and w.pool_ids <> '{}' for update skip locked;
  if found then
    update ratchet.workers w set pool_ids = '{}' where w.id = p_worker_id and ratchet_private.free_pools(w.pool_ids);
  end if;
end
$$;
comment on function ratchet_private.unlock_wake_ups(integer) is 'Frees the graphile-worker rows and queues that a worker which is gone has locked.';
