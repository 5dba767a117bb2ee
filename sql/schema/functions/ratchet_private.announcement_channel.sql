create or replace function ratchet_private.announcement_channel(p_tenant text) returns text
language plpgsql immutable set search_path = '' as $$
begin
  -- Channel names have at most 63 bytes. Another prefix for the hash, or a tenant could take the hash of another's name for its own.
  return case when octet_length(p_tenant) <= 40 then 'ratchet:' || p_tenant else 'ratchet#' || md5(p_tenant) end;
end
$$;
comment on function ratchet_private.announcement_channel(text) is 'The channel on which changes of a tenant''s jobs are announced.';
