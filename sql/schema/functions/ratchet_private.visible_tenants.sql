-- security definer: the policies call it with the rights of whoever reads rows.
create or replace function ratchet_private.visible_tenants() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_claim text := coalesce(current_setting('ratchet.tenant', true), '');
begin
  if ratchet_private.believes_claims() then
    return case when v_claim = '' then '{}' else array[v_claim] end;
  end if;
  return array(select l.tenant from ratchet_private.login_tenants l where l.login = session_user);
end
$$;
comment on function ratchet_private.visible_tenants() is 'Tenants whose rows the policies show to the running statement: that of the verified token, or those that the login was given; none if there is neither.';
