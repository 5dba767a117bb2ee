create or replace function ratchet_private.beat(p_worker_id integer, p_pool_ids text[]) returns void
language plpgsql volatile set search_path = '' as $$
begin
  update ratchet.workers w set beat_at = ratchet_private.clock_now(), pool_ids = p_pool_ids where w.id = p_worker_id;
end
$$;
comment on function ratchet_private.beat(integer, text[]) is 'A worker''s sign of life.';
