create or replace function ratchet_private.announcement_channel(p_tenant text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
  -- No tenant's name is empty.
  v_channel text := 'ratchet:' || coalesce(p_tenant, '');
begin
  -- Channel names have at most 63 bytes. A hash with no schema's name before it is no other tenant's channel.
  return case when octet_length(v_channel) <= 63 then v_channel else '#' || md5(v_channel) end;
end
$$;
comment on function ratchet_private.announcement_channel(text) is 'The channel on which changes of a tenant''s jobs are announced; null: of all tenants'' jobs.';
