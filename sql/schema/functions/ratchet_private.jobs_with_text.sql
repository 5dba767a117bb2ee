-- security definer: viewers have no right on the column payload, which it reads where it is not hidden from them.
create or replace function ratchet_private.jobs_with_text(p_text text, p_filter jsonb) returns bigint[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
-- Planned for what is given: which index serves depends on it.
set plan_cache_mode = force_custom_plan set jit = off as $$
declare
  c_jobs_read constant integer := 20000;
  -- As stored. Unpacking large payloads, one a job, would take minutes.
  c_largest_payload constant integer := 16384;
  v_tenants constant text[] := ratchet_private.caller_tenants();
  v_text constant text := lower(p_text);
  v_id constant bigint := case when p_text ~ '^[0-9]{1,18}$' then p_text::bigint end;
  v_filter constant ratchet_private.job_filter := jsonb_populate_record(null::ratchet_private.job_filter, p_filter);
  v_hidden text[];
begin
  if p_text is null or length(p_text) not between 1 and 1000 then
    raise exception using
      errcode = 'RT006', message = 'search must be a text of 1 to 1000 characters.',
      hint = 'Leave it out to see all jobs.';
  end if;
  v_hidden := array(
    select distinct d.identifier from ratchet.definitions d where d.hide_payloads and ratchet_private.hides_payloads(d.identifier));
  return array(
    select c.id from (
      select j.id, j.identifier, j.status, j.job_key, j.cancel_reason, j.payload from ratchet.jobs j
      where (v_tenants is null or j.tenant = any (v_tenants))
        and (v_filter.ids is null or j.id = any (v_filter.ids))
        and (v_filter.identifier is null or j.identifier = v_filter.identifier)
        and (v_filter.status is null or j.status = any (v_filter.status))
        and (v_filter.is_final is null or v_filter.is_final or j.finished_at is null)
        and (v_filter.is_final is null or not v_filter.is_final or j.finished_at is not null)
        and (v_filter.tenant is null or j.tenant = v_filter.tenant)
        and (v_filter.created_after is null or j.created_at >= v_filter.created_after)
        and (v_filter.created_before is null or j.created_at < v_filter.created_before)
        and (v_filter.finished_after is null or j.finished_at >= v_filter.finished_after)
        and (v_filter.finished_before is null or j.finished_at < v_filter.finished_before)
      order by j.id desc limit c_jobs_read
    ) c
    where strpos(lower(c.identifier), v_text) > 0 or strpos(lower(c.job_key), v_text) > 0 or strpos(lower(c.cancel_reason), v_text) > 0
      -- Not exists, for which Postgres may choose to read all tasks into a hash.
      or (c.status = 'FAILED' and (
        select true from ratchet.tasks t
        where t.job_id = c.id and t.status = 'FAILED' and strpos(lower(t.error_message), v_text) > 0 limit 1))
      or (pg_column_size(c.payload) <= c_largest_payload and c.identifier <> all (v_hidden)
        and strpos(lower(c.payload::text), v_text) > 0)
  ) || array(
    select j.id from ratchet.jobs j where j.id = v_id and (v_tenants is null or j.tenant = any (v_tenants))
  );
end
$$;
revoke all on function ratchet_private.jobs_with_text(text, jsonb) from public;
comment on function ratchet_private.jobs_with_text(text, jsonb) is 'Ids of the caller''s jobs with a text, in capitals or not, in identifier, job key, reason of cancelling, error of the failed task, or in the payload where it is up to 16 kB as stored and not hidden from the caller: among the newest 20,000 jobs that match a job_filter. The job with that number, too.';
