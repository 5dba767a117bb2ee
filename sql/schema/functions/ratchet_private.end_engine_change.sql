create or replace function ratchet_private.end_engine_change(p_before text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  perform set_config('ratchet.engine', p_before, true);
end
$$;
comment on function ratchet_private.end_engine_change(text) is 'Ends what begin_engine_change began.';
