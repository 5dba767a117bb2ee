create or replace function ratchet_private.claim_new_jobs(p_worker_id integer, p_job_ids bigint[], p_now timestamptz) returns setof ratchet_private.claim
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  v_mark text := ratchet_private.begin_engine_change('checkpoint');
begin
  -- A statement later than the one that locked the jobs: it sees what was changed by hand before. What was is not new any more.
  -- Their tasks are not written: there is no late write to keep out, and a task is marked if it runs long enough.
  return query
    with new as (
      select l.id, t.first, t.plan
      from unnest(p_job_ids) l (id)
      cross join lateral (
        select max(t.fence) as fence,
          min(t.position) filter (where t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')) as first,
          json_agg(json_build_array(t.position, t.key, t.template, t.name, t.status, t.attempts, t.input) order by t.position) as plan
        from ratchet.tasks t where t.job_id = l.id
      ) t
      where t.fence = 0 and t.first is not null
    ), claimed as (
      update ratchet.jobs j set
        fence = 1, worker_id = p_worker_id, status = 'RUNNING', started_at = p_now, timeout_at = p_now + d.timeout
        from new n
        join ratchet.jobs o on o.id = n.id
        join ratchet.definitions d on d.identifier = o.identifier and d.version = o.version
        where j.id = n.id
        returning j.id, j.identifier, j.version, j.tenant, n.first, j.payload, n.plan, coalesce(j.max_attempts, d.max_attempts) as tries, j.created_at, j.timeout_at
    )
    select c.id, 'claimed', 1, c.identifier, c.version, c.tenant, c.first, c.payload, c.plan, c.tries,
      floor(date_part('epoch', c.created_at) * 1000), p_worker_id, false, c.timeout_at, date_part('epoch', c.timeout_at - p_now) * 1000
    from claimed c;
  perform ratchet_private.end_engine_change(v_mark);
end
$$;
comment on function ratchet_private.claim_new_jobs(integer, bigint[], timestamptz) is 'Takes jobs that claim_jobs has locked, are due and were never held; leaves out one with a task that was changed by hand.';
