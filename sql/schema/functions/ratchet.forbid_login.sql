create or replace function ratchet.forbid_login(login text, tenant text default null) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_tenants integer;
  v_servers integer := 0;
begin
  delete from ratchet_private.login_tenants l
    where l.login = forbid_login.login and (forbid_login.tenant is null or l.tenant = forbid_login.tenant);
  get diagnostics v_tenants = row_count;
  if forbid_login.tenant is null then
    delete from ratchet_private.server_logins s where s.login = forbid_login.login;
    get diagnostics v_servers = row_count;
  end if;
  return v_tenants + v_servers;
end
$$;
revoke all on function ratchet.forbid_login(text, text) from public;
comment on function ratchet.forbid_login(text, text) is 'Takes back what allow_login gave: one tenant, or without one all of them and the trust in a server. Returns how many entries there were. The login may be gone already. For the owner only.';
