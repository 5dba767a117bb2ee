-- security definer: whoever calls it, current_user is the owner in it.
create or replace function ratchet_private.caller_tenants() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  if ratchet_private.caller_is('ratchet_admin') then
    return null;
  end if;
  return ratchet_private.visible_tenants();
end
$$;
comment on function ratchet_private.caller_tenants() is 'For functions that have their owner''s rights: the tenants about whose jobs the caller may read and order; null means all.';
