create or replace function ratchet_private.tenant_to_add(p_wanted text, p_allowed text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if p_allowed is null then
    return coalesce(p_wanted, case when ratchet_private.believes_claims() then nullif(current_setting('ratchet.tenant', true), '') end, 'default');
  end if;
  if p_wanted = any (p_allowed) then
    return p_wanted;
  end if;
  if p_wanted is null and cardinality(p_allowed) = 1 then
    return p_allowed[1];
  end if;
  raise exception using
    errcode = 'RT026',
    message = case
      when cardinality(p_allowed) = 0 then 'The login that asks has no tenant.'
      when p_wanted is null then 'The login that asks has several tenants, and none was given.'
      else format('The tenant "%s" is not one of whoever asks.', p_wanted) end,
    hint = case
      when cardinality(p_allowed) = 0 then format('As the owner of Ratchet''s tables run: select ratchet.allow_login(%L, ''default''); with the name of its tenant. Nothing was written.', session_user)
      when p_wanted is null then format('Say which: tenant => one of %s. Nothing was written.', (select string_agg(quote_literal(t), ', ' order by t) from unnest(p_allowed) t))
      else 'Leave tenant out, or give one of your own. Nothing was written.' end;
end
$$;
comment on function ratchet_private.tenant_to_add(text, text[]) is 'Whom a new job belongs to: the tenant that was given if it is one of those that the caller has (null: all), else the only one it has. Raises RT026.';
