-- security definer: whoever calls it, current_user is the owner in it.
create or replace function ratchet_private.caller_is(p_role text) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  -- Inside a function with its owner's rights only the setting still says for whom it runs.
  v_caller text := case current_setting('role') when 'none' then session_user else current_setting('role') end;
begin
  return pg_has_role(v_caller, current_user, 'usage')
    or exists (select from pg_roles r where r.rolname = p_role and pg_has_role(v_caller, r.oid, 'usage'));
end
$$;
comment on function ratchet_private.caller_is(text) is 'Whether whoever runs the statement has the rights of this role, or is the owner; the role need not exist.';
