create or replace function ratchet_private.audit_actor() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_subject text := coalesce(current_setting('ratchet.subject', true), '');
begin
  return case when v_subject <> '' and ratchet_private.believes_claims() then left(v_subject, 256) else session_user end;
end
$$;
comment on function ratchet_private.audit_actor() is 'Who gives the order that is being carried out: the subject of the token that a server has verified, else the login.';
