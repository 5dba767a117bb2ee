create or replace function ratchet_private.find_violations(p_finished_since timestamptz)
returns table (job_id bigint, rule text, detail text)
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
  v_now timestamptz := ratchet_private.clock_now();
begin
  return query
  with job as (
    select j.* from ratchet.jobs j where j.finished_at is null
    union all
    select j.* from ratchet.jobs j where j.finished_at >= p_finished_since
  ), summary as (
    select
      j.id, count(t.*) as tasks, min(t.position) as first, max(t.position) as last,
      count(*) filter (where t.status = 'RUNNING') as running,
      max(t.fence) as fence,
      max(t.position) filter (where t.status = 'COMPLETED') as last_completed,
      min(t.position) filter (where t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')) as first_unfinished,
      case
        when bool_or(t.status = 'FAILED') then 'FAILED'
        when bool_and(t.status in ('COMPLETED', 'SKIPPED', 'CANCELLED')) then
          case when j.cancelled_at is not null or bool_or(t.status = 'CANCELLED') then 'CANCELLED' else 'COMPLETED' end
        when bool_or(t.status = 'WAITING') then 'WAITING'
        when j.started_at is not null then 'RUNNING'
        else 'PENDING'
      end as status_of_tasks
    from job j left join ratchet.tasks t on t.job_id = j.id
    group by j.id, j.cancelled_at, j.started_at
  )
  select j.id, 'status contradicts tasks', format('the job is %s, its tasks say %s', j.status, s.status_of_tasks)
    from job j join summary s on s.id = j.id where s.tasks > 0 and j.status::text <> s.status_of_tasks
  union all
  select j.id, 'plan is empty', 'a queued job without tasks can never run'
    from job j join summary s on s.id = j.id where s.tasks = 0 and j.version is not null
  union all
  select s.id, 'plan has gaps', format('%s tasks at positions %s to %s', s.tasks, s.first, s.last)
    from summary s where s.tasks > 0 and (s.first <> 1 or s.last <> s.tasks)
  union all
  select s.id, 'finished out of order', format('task %s is COMPLETED, task %s before it is not finished', s.last_completed, s.first_unfinished)
    from summary s where s.first_unfinished < s.last_completed
  union all
  select s.id, 'two tasks at once', format('%s tasks are RUNNING', s.running) from summary s where s.running > 1
  union all
  select j.id, 'runs without a worker', 'a task is RUNNING and no worker holds the job'
    from job j join summary s on s.id = j.id where s.running > 0 and j.worker_id is null
  union all
  select j.id, 'held by a stopped worker', format('worker %s is gone', j.worker_id)
    from job j left join ratchet.workers w on w.id = j.worker_id
    where j.worker_id is not null and (w.id is null or w.stopped_at is not null)
  union all
  select j.id, 'nothing wakes it', format('due since %s, free, and no wake-up', coalesce(j.next_attempt_at, j.run_at))
    from job j
    where j.finished_at is null and j.worker_id is null and j.version is not null
      and coalesce(j.next_attempt_at, j.run_at) < v_now - interval '1 minute'
      and not exists (
        select from graphile_worker.jobs w
        where (w.key = 'ratchet:' || j.id or w.id = j.adopted_from) and w.attempts < w.max_attempts);
end
$$;
comment on function ratchet_private.find_violations(timestamptz) is 'Every contradiction that rows can show, among unfinished jobs and those finished since a time.';
