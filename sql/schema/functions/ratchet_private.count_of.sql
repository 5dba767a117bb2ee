create or replace function ratchet_private.count_of(p_count bigint, p_one text, p_many text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  return p_count || ' ' || case p_count when 1 then p_one else p_many end;
end
$$;
comment on function ratchet_private.count_of(bigint, text, text) is 'A number with its noun: 1 task, 5 tasks.';
