create or replace function ratchet.queue_stats(minutes integer default 60, tenant text default null) returns setof ratchet.queue_stat
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
  c_longest_minutes constant integer := 1440;
  v_now timestamptz := ratchet_private.clock_now();
  v_known constant text[] := ratchet_private.live_versions();
  v_minutes constant integer := queue_stats.minutes;
  v_since timestamptz;
  v_tenant constant text := queue_stats.tenant;
begin
  if v_minutes is null or v_minutes not between 1 and c_longest_minutes then
    raise exception using
      errcode = 'RT006', message = format('minutes must be from 1 to %s and is %s.', c_longest_minutes, coalesce(v_minutes::text, 'null')),
      hint = 'Ends are counted within so many minutes up to now; every one is read.';
  end if;
  v_since := v_now - make_interval(mins => v_minutes);
  return query
    with of_version as (
      select j.identifier, j.version,
        count(*) filter (where j.worker_id is null and j.status <> 'FAILED' and j.run_at > v_now)::integer as scheduled,
        count(*) filter (where j.worker_id is null and j.status <> 'FAILED' and j.run_at <= v_now)::integer as waiting,
        count(*) filter (where j.worker_id is not null)::integer as running,
        count(*) filter (where j.status = 'FAILED')::integer as will_retry,
        count(*) filter (where j.worker_id is null and coalesce(j.next_attempt_at, j.run_at) <= v_now)::integer as due,
        min(coalesce(j.next_attempt_at, j.run_at)) filter (where j.worker_id is null and j.version is not null) as due_since
      from ratchet.jobs j
      where j.finished_at is null and (v_tenant is null or j.tenant = v_tenant)
      group by j.identifier, j.version
    ), unfinished as (
      select v.identifier, sum(v.scheduled)::integer as scheduled, sum(v.waiting)::integer as waiting, sum(v.running)::integer as running,
        sum(v.will_retry)::integer as will_retry, min(v.due_since) as due_since,
        coalesce(sum(v.due) filter (where v.version <> all (v_known)), 0)::integer as without_worker
      from of_version v group by v.identifier
    ), known as (
      select d.identifier from ratchet.definitions d
      union
      select u.identifier from unfinished u
    )
    select k.identifier, coalesce(u.scheduled, 0), coalesce(u.waiting, 0), coalesce(u.running, 0), coalesce(u.will_retry, 0),
      coalesce(u.without_worker, 0),
      case when u.due_since <= v_now then date_part('epoch', v_now - u.due_since) end,
      e.completed, e.failed, e.cancelled, (e.completed + e.failed + e.cancelled) / v_minutes::double precision
    from known k
    left join unfinished u on u.identifier = k.identifier
    -- Offset 0 keeps it one look into the index of finished jobs an identifier.
    cross join lateral (
      select count(*) filter (where j.status = 'COMPLETED')::integer as completed, count(*) filter (where j.status = 'FAILED')::integer as failed,
        count(*) filter (where j.status = 'CANCELLED')::integer as cancelled
      from (
        select j.status from ratchet.jobs j
        where j.identifier = k.identifier and j.finished_at is not null and j.finished_at >= v_since
          and (v_tenant is null or j.tenant = v_tenant) offset 0
      ) j
    ) e
    order by k.identifier;
end
$$;
revoke all on function ratchet.queue_stats(integer, text) from public;
comment on function ratchet.queue_stats(integer, text) is 'How the jobs of each definition fare: what waits, runs and failed now, and what has ended within so many minutes up to now (1 to 1440), of one tenant or of all. An identifier without a definition is there while it has an unfinished job.';
