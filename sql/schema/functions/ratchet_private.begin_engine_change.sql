create or replace function ratchet_private.begin_engine_change(p_kind text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_before text := current_setting('ratchet.engine', true);
begin
  perform set_config('ratchet.engine', p_kind, true);
  return coalesce(v_before, '');
end
$$;
comment on function ratchet_private.begin_engine_change(text) is 'Marks what follows as written by Ratchet itself, so that the triggers for changes by hand stay quiet: "checkpoint" when only first unfinished tasks are written, "retry" when an order lets COMPLETED tasks run again, else "order". Returns what end_engine_change puts back. It opens no door: whoever could set the mark by hand may write the tables anyway.';
