create or replace function ratchet_private.record_order(p_action text, p_job ratchet.jobs, p_reason text, p_detail jsonb default '{}') returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  -- session_user: current_user is the owner of the function that was called.
  insert into ratchet.audit (at, actor, action, job_id, tenant, reason, detail)
    values (ratchet_private.clock_now(), session_user, p_action, p_job.id, p_job.tenant, p_reason, p_detail || jsonb_build_object('status', p_job.status));
end
$$;
comment on function ratchet_private.record_order(text, ratchet.jobs, text, jsonb) is 'Writes an order about a job, which is given as it was before, to the audit.';
