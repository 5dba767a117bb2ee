create or replace function ratchet_private.unlock_wake_ups(p_worker_id integer) returns void
language plpgsql volatile set search_path = '' as $$
begin
  -- If somebody holds one of those rows, the pool ids stay, and the sweep tries again.
  update ratchet.workers w set pool_ids = '{}'
    where w.id = p_worker_id and w.pool_ids <> '{}' and ratchet_private.free_pools(w.pool_ids);
end
$$;
comment on function ratchet_private.unlock_wake_ups(integer) is 'Frees the graphile-worker rows and queues that a worker which is gone has locked.';
