create or replace function ratchet_private.announcement_channel(p_tenant text) returns text
language plpgsql immutable set search_path = '' as $$
begin
  -- Channel names have at most 63 bytes.
  return 'ratchet:' || case when octet_length(p_tenant) <= 40 then p_tenant else md5(p_tenant) end;
end
$$;
comment on function ratchet_private.announcement_channel(text) is 'The channel on which changes of a tenant''s jobs are announced.';
