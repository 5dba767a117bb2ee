create or replace function ratchet_private.hides_payloads(p_identifier text) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if ratchet_private.caller_is('ratchet_operator') then
    return false;
  end if;
  return coalesce((
    select d.hide_payloads from ratchet.definitions d where d.identifier = p_identifier order by d.current_since desc, d.version limit 1
  ), false);
end
$$;
comment on function ratchet_private.hides_payloads(text) is 'Whether payloads, inputs and results of jobs of this definition are kept from the caller, who may see their jobs: the current version says so, and the caller is no operator.';
