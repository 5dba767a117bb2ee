-- security definer: the view that calls it is for ratchet_admin too, and it looks at graphile-worker's rows.
create or replace function ratchet_private.find_violations(p_finished_since timestamptz default null)
returns table (job_id bigint, rule text, detail text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always, and each job once: a plan made while the tables were small is cached for the session, and whatever sorts or
-- hashes the tasks of a day spills to files. No JIT: it takes longer than it saves.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set enable_material = off as $$
#variable_conflict use_column
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_since timestamptz := coalesce(p_finished_since, v_now - interval '1 day');
begin
  return query
  -- From one identifier to the next in the index of finished jobs, which begins with it.
  with recursive identifier as (
    (select j.identifier as name from ratchet.jobs j where j.finished_at is not null
      order by j.identifier, j.finished_at limit 1)
    union all
    select (select j.identifier from ratchet.jobs j where j.finished_at is not null and j.identifier > i.name
      order by j.identifier, j.finished_at limit 1)
    from identifier i where i.name is not null
  ), job as not materialized (
    select j.* from ratchet.jobs j where j.finished_at is null
    union all
    -- Offset 0 keeps it one look an identifier; else every job is compared with every identifier.
    select j.* from identifier i
    cross join lateral (
      select * from ratchet.jobs j
      where j.identifier = i.name and j.finished_at is not null and j.finished_at >= v_since offset 0
    ) j
  )
  select j.id, found.rule, found.detail
  from job j
  cross join lateral (
    select
      count(*) as tasks, min(t.position) as first, max(t.position) as last,
      count(*) filter (where t.status = 'RUNNING') as running,
      max(t.position) filter (where t.status = 'COMPLETED') as last_completed,
      min(t.position) filter (where t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')) as first_unfinished,
      bool_or(t.status = 'RUNNING' and ratchet_private.is_suspect(t.deaths)) as runs_suspect,
      max(t.position) filter (where t.deaths > 0 and not exists (
        select from ratchet.task_failures f
        where f.job_id = t.job_id and f.position = t.position and f.error_code = 'RT021')) as unrecorded_death,
      case
        when bool_or(t.status = 'FAILED') then 'FAILED'
        when bool_and(t.status in ('COMPLETED', 'SKIPPED', 'CANCELLED')) then
          case when j.cancelled_at is not null or bool_or(t.status = 'CANCELLED') then 'CANCELLED' else 'COMPLETED' end
        when bool_or(t.status = 'WAITING') then 'WAITING'
        when j.started_at is not null then 'RUNNING'
        else 'PENDING'
      end as status_of_tasks
    from ratchet.tasks t where t.job_id = j.id
  ) s
  cross join lateral (
    select 'status contradicts tasks', format('the job is %s, its tasks say %s', j.status, s.status_of_tasks)
      where s.tasks > 0 and j.status::text <> s.status_of_tasks
    union all
    select 'plan is empty', 'a queued job without tasks can never run'
      where s.tasks = 0 and j.version is not null
    union all
    select 'plan has gaps', format('%s tasks at positions %s to %s', s.tasks, s.first, s.last)
      where s.tasks > 0 and (s.first <> 1 or s.last <> s.tasks)
    union all
    select 'finished out of order', format('task %s is COMPLETED, task %s before it is not finished', s.last_completed, s.first_unfinished)
      where s.first_unfinished < s.last_completed
    union all
    select 'two tasks at once', format('%s tasks are RUNNING', s.running) where s.running > 1
    union all
    select 'runs without a worker', 'a task is RUNNING and no worker holds the job'
      where s.running > 0 and j.worker_id is null
    union all
    select 'waits beyond its time-out', format('next try at %s, time-out at %s', j.next_attempt_at, j.timeout_at)
      where j.next_attempt_at >= j.timeout_at
    union all
    -- While somebody holds a row of it, the sweep comes back every few seconds.
    select 'held by a stopped worker', format('worker %s is gone', j.worker_id)
      where j.worker_id is not null
        and not exists (
          select from ratchet.workers w
          where w.id = j.worker_id and (w.stopped_at is null or w.stopped_at > clock_timestamp() - interval '15 seconds'))
    union all
    select 'held by a silent worker', format('worker %s gave its last sign of life at %s', w.id, w.beat_at)
      from ratchet.workers w
      where w.id = j.worker_id and w.stopped_at is null and w.beat_at < clock_timestamp() - interval '1 minute'
        -- With nobody else alive, nobody can take over.
        and exists (select from ratchet.workers o where ratchet_private.is_worker_live(o))
    union all
    select 'two suspects at once', format('worker %s runs another suspect beside it', j.worker_id)
      where j.worker_id is not null and s.runs_suspect and exists (
        select from ratchet.jobs o join ratchet.tasks t on t.job_id = o.id
        where o.finished_at is null and o.worker_id = j.worker_id and o.id <> j.id
          and t.status = 'RUNNING' and ratchet_private.is_suspect(t.deaths))
    union all
    select 'death without a record', format('task %s', s.unrecorded_death)
      where s.unrecorded_death is not null
    union all
    select 'nothing wakes it', format('due since %s, free, and no wake-up', coalesce(j.next_attempt_at, j.run_at))
      where j.finished_at is null and j.worker_id is null and j.version is not null
        and coalesce(j.next_attempt_at, j.run_at) < v_now - interval '1 minute'
        -- Two looks: with an or between them neither index would be used.
        and not exists (
          select from graphile_worker.jobs w
          where w.key = 'ratchet:' || j.id and w.attempts < w.max_attempts
            and (w.locked_by is null or w.locked_at > clock_timestamp() - interval '1 minute' or exists (
              select from ratchet.workers k where k.stopped_at is null and w.locked_by = any (k.pool_ids))))
        and not exists (
          select from graphile_worker.jobs w
          where w.id = j.adopted_from and w.attempts < w.max_attempts
            and (w.locked_by is null or w.locked_at > clock_timestamp() - interval '1 minute' or exists (
              select from ratchet.workers k where k.stopped_at is null and w.locked_by = any (k.pool_ids))))
  ) found (rule, detail);
end
$$;
comment on function ratchet_private.find_violations(timestamptz) is 'Every contradiction that rows can show, among unfinished jobs and those finished since a time, by default in the last day.';
