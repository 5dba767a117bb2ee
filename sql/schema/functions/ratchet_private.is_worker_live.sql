create or replace function ratchet_private.is_worker_live(p_worker ratchet.workers) returns boolean
language plpgsql volatile set search_path = '' as $$
begin
  return p_worker.stopped_at is null and p_worker.beat_at > ratchet_private.clock_now() - interval '15 seconds';
end
$$;
comment on function ratchet_private.is_worker_live(ratchet.workers) is 'Whether a worker gave a sign of life within 15 seconds.';
