create or replace function ratchet.allow_login(login text, tenant text default null, is_server boolean default false) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from pg_roles r where r.rolname = allow_login.login and r.rolcanlogin) then
    raise exception using
      errcode = 'RT006',
      message = format('There is no login "%s".', allow_login.login),
      hint = format('Make it first: create role %I login password …;', allow_login.login);
  end if;
  if (allow_login.tenant is null) = not coalesce(allow_login.is_server, false) then
    raise exception using
      errcode = 'RT006',
      message = 'A login has either tenants of its own or is a server''s, which says the tenant of each token.',
      hint = 'Give tenant, or is_server => true.';
  end if;
  if allow_login.is_server then
    insert into ratchet_private.server_logins (login) values (allow_login.login) on conflict do nothing;
    execute format('grant usage on schema ratchet, ratchet_private to %I', allow_login.login);
    execute format('grant select on ratchet_private.migrations, ratchet_private.schema_state to %I', allow_login.login);
  else
    insert into ratchet_private.login_tenants (login, tenant) values (allow_login.login, allow_login.tenant) on conflict do nothing;
  end if;
end
$$;
revoke all on function ratchet.allow_login(text, text, boolean) from public;
comment on function ratchet.allow_login(text, text, boolean) is 'Lets a login of Postgres see the jobs of one more tenant, and act on them as far as its roles go; or, with is_server, lets it say for each transaction which tenant and subject a verified token has. For the owner only.';
