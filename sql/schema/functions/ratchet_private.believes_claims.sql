-- security definer: whoever reads rows need not see who logs in.
create or replace function ratchet_private.believes_claims() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- session_user, which only a superuser can change; current_user is the owner here.
  return pg_has_role(session_user, current_user, 'usage')
    or exists (select from ratchet_private.server_logins s where s.login = session_user);
end
$$;
comment on function ratchet_private.believes_claims() is 'Whether the settings ratchet.tenant and ratchet.subject are believed: the session is a GraphQL server''s, the owner''s or a superuser''s. Anybody can write a setting.';
