-- security definer: under row security a tenant without such a job would have the whole index of finished jobs read.
create or replace function ratchet_private.recent_jobs(p_identifier text, p_tenant text) returns bigint[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_sort = off set enable_bitmapscan = off as $$
declare
  c_ends_read constant integer := 300;
  c_jobs constant integer := 10;
begin
  if p_tenant <> all (ratchet_private.caller_tenants()) then
    return '{}';
  end if;
  return array(
    select e.id from (
      select j.id, j.tenant, j.status from ratchet.jobs j
      where j.identifier = p_identifier and j.finished_at is not null
      order by j.identifier desc, j.finished_at desc limit c_ends_read
    ) e
    where e.tenant = p_tenant and e.status = 'COMPLETED' limit c_jobs);
end
$$;
revoke all on function ratchet_private.recent_jobs(text, text) from public;
comment on function ratchet_private.recent_jobs(text, text) is 'Ids of at most ten jobs of a definition and a tenant that were COMPLETED last, as far as they are among the last 300 ends of that definition; none of a tenant that the caller does not have.';
