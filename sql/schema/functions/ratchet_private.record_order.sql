create or replace function ratchet_private.record_order(p_action text, p_job ratchet.jobs, p_reason text, p_detail jsonb default '{}') returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  c_longest_reason constant integer := 4000;
  v_actor text := ratchet_private.audit_actor();
begin
  if length(p_reason) > c_longest_reason then
    raise exception using
      errcode = 'RT006',
      message = format('reason has %s characters; %s are the most.', length(p_reason), c_longest_reason),
      hint = 'Say it in fewer words, or where to read more. Nothing was changed.';
  end if;
  insert into ratchet.audit (at, actor, action, job_id, tenant, reason, detail)
    values (ratchet_private.clock_now(), v_actor, p_action, p_job.id, p_job.tenant, p_reason, p_detail
      || jsonb_build_object('status', p_job.status)
      || case when v_actor <> session_user then jsonb_build_object('login', session_user) else '{}' end);
end
$$;
comment on function ratchet_private.record_order(text, ratchet.jobs, text, jsonb) is 'Writes an order about a job, which is given as it was before, to the audit.';
