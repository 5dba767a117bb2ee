create or replace function ratchet_private.pick_jobs(p_filter ratchet_private.job_filter, p_after bigint, p_limit bigint) returns setof bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
-- Planned for what is given: which index serves depends on it.
set plan_cache_mode = force_custom_plan set jit = off as $$
declare
  v_tenants constant text[] := ratchet_private.caller_tenants();
  v_found bigint[];
begin
  if p_filter.search is not null then
    v_found := ratchet_private.jobs_with_text(p_filter.search, to_jsonb(p_filter));
  end if;
  return query
    select j.id from ratchet.jobs j
    where j.id > p_after
      and (v_tenants is null or j.tenant = any (v_tenants))
      and (p_filter.ids is null or j.id = any (p_filter.ids))
      and (p_filter.search is null or j.id = any (v_found))
      and (p_filter.identifier is null or j.identifier = p_filter.identifier)
      and (p_filter.status is null or j.status = any (p_filter.status))
      and (p_filter.is_final is null or p_filter.is_final or j.finished_at is null)
      and (p_filter.is_final is null or not p_filter.is_final or j.finished_at is not null)
      and (p_filter.tenant is null or j.tenant = p_filter.tenant)
      and (p_filter.created_after is null or j.created_at >= p_filter.created_after)
      and (p_filter.created_before is null or j.created_at < p_filter.created_before)
      and (p_filter.finished_after is null or j.finished_at >= p_filter.finished_after)
      and (p_filter.finished_before is null or j.finished_at < p_filter.finished_before)
    order by j.id limit p_limit;
end
$$;
comment on function ratchet_private.pick_jobs(ratchet_private.job_filter, bigint, bigint) is 'The ids of jobs of the caller''s tenants that match, in order, above p_after.';
