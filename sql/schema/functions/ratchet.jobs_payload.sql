-- security definer: viewers have no right on the column, because definitions can hide it from them.
create or replace function ratchet.jobs_payload(job ratchet.jobs) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  -- A row can be made up: nothing of it is believed but where to look.
  v_tenants text[] := ratchet_private.caller_tenants();
  v_value jsonb;
begin
  select j.payload into v_value from ratchet.jobs j
    where j.id = job.id and (v_tenants is null or j.tenant = any (v_tenants)) and not ratchet_private.hides_payloads(j.identifier);
  return v_value;
end
$$;
revoke all on function ratchet.jobs_payload(ratchet.jobs) from public;
comment on function ratchet.jobs_payload(ratchet.jobs) is 'What the job works on, as it was given; null if its definition hides payloads from those who may only look.';
