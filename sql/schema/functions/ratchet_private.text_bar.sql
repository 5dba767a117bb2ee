create or replace function ratchet_private.text_bar(p_finished bigint, p_total bigint) returns text
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $$
declare
  c_width constant integer := 5;
  v_full constant integer := c_width * p_finished / greatest(p_total, 1);
begin
  return repeat('#', v_full) || repeat('-', c_width - v_full)
    || case when p_total < 100 then format(' %s/%s', p_finished, p_total) else format(' %s %%', 100 * p_finished / p_total) end;
end
$$;
comment on function ratchet_private.text_bar(bigint, bigint) is 'Progress as people see it in a text: ###-- 3/5, or ##--- 45 % of many.';
