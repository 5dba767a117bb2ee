-- security definer: under row security Postgres uses no index for @>, and viewers have no right on the column.
create or replace function ratchet_private.jobs_with_payload(p_contains jsonb) returns bigint[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan set jit = off set enable_seqscan = off as $$
declare
  c_most_jobs constant integer := 10000;
  v_tenants constant text[] := ratchet_private.caller_tenants();
  v_hidden text[];
  v_ids bigint[];
begin
  if jsonb_typeof(p_contains) is distinct from 'object' or p_contains = '{}' then
    raise exception using
      errcode = 'RT006',
      message = 'payloadContains must be an object with at least one field.',
      hint = 'Name what the payload must hold, such as {"sku": "JKT-1"}.';
  end if;
  v_hidden := array(
    select distinct d.identifier from ratchet.definitions d where d.hide_payloads and ratchet_private.hides_payloads(d.identifier));
  v_ids := array(
    select j.id from ratchet.jobs j
    where j.payload @> p_contains and (v_tenants is null or j.tenant = any (v_tenants)) and j.identifier <> all (v_hidden)
    limit c_most_jobs + 1);
  if cardinality(v_ids) > c_most_jobs then
    raise exception using
      errcode = 'RT006',
      message = format('The payloads of more than %s jobs hold this.', c_most_jobs),
      hint = 'Name more of what the payload holds, something that few others have.';
  end if;
  return v_ids;
end
$$;
revoke all on function ratchet_private.jobs_with_payload(jsonb) from public;
comment on function ratchet_private.jobs_with_payload(jsonb) is 'Ids of the caller''s jobs whose payload holds this, 10,000 at most; without those whose payloads are hidden from the caller. For a database with an index on payloads: without one it reads every job.';
