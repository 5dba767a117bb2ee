-- plpgsql, because SQL-language functions are planned anew at each call before Postgres 18.
create or replace function ratchet_private.clock_now() returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  return clock_timestamp() + (select shift from ratchet_private.clock);
end
$$;
comment on function ratchet_private.clock_now() is 'The time Ratchet goes by: the database''s clock plus the shift that tests set.';
