create or replace function ratchet_private.announcement_channel(p_tenant text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
  -- Channel names have at most 63 bytes. A hash with no schema's name before it is no other tenant's channel.
  return case when octet_length('ratchet:' || p_tenant) <= 63 then 'ratchet:' || p_tenant else '#' || md5('ratchet:' || p_tenant) end;
end
$$;
comment on function ratchet_private.announcement_channel(text) is 'The channel on which changes of a tenant''s jobs are announced.';
