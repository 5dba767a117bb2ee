-- security definer: viewers have no right on the column, because definitions can hide it from them.
create or replace function ratchet.tasks_input(task ratchet.tasks) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  -- A row can be made up: nothing of it is believed but where to look.
  v_tenants text[] := ratchet_private.caller_tenants();
  v_value jsonb;
begin
  select t.input into v_value from ratchet.tasks t join ratchet.jobs j on j.id = t.job_id
    where t.job_id = task.job_id and t.position = task.position
      and (v_tenants is null or j.tenant = any (v_tenants)) and not ratchet_private.hides_payloads(j.identifier);
  return v_value;
end
$$;
revoke all on function ratchet.tasks_input(ratchet.tasks) from public;
comment on function ratchet.tasks_input(ratchet.tasks) is 'The element of the payload this task was made from; null for a task that stands alone, or if the definition hides payloads from those who may only look.';
