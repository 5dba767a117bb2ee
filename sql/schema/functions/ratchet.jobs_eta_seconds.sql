create or replace function ratchet.jobs_eta_seconds(job ratchet.jobs) returns double precision
language plpgsql stable set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  -- Of a job of 10,000 tasks, too: its templates follow one another, and the last ones are at its end.
  c_first_tasks constant integer := 50;
  c_last_tasks constant integer := 20;
  v_now timestamptz := ratchet_private.clock_now();
  v_seconds double precision;
begin
  if job.finished_at is not null then
    return null;
  end if;
  with past as materialized (
    select t.template, avg(date_part('epoch', t.completed_at - t.started_at)) as seconds, count(*) as tasks
    from unnest(ratchet_private.recent_jobs(job.identifier, job.tenant)) h (id)
    cross join lateral (
      (select t.position, t.template, t.status, t.started_at, t.completed_at from ratchet.tasks t
        where t.job_id = h.id order by t.position limit c_first_tasks)
      union
      (select t.position, t.template, t.status, t.started_at, t.completed_at from ratchet.tasks t
        where t.job_id = h.id order by t.position desc limit c_last_tasks)
    ) t
    where t.status = 'COMPLETED' and t.started_at is not null
    group by t.template
  ), ahead as (
    select t.template, count(*) as tasks,
      min(t.started_at) filter (where t.status = 'RUNNING') as running_since,
      max(t.progress) filter (where t.status = 'RUNNING') as progress
    from ratchet.tasks t
    where t.job_id = job.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    group by t.template
  )
  select sum(
      coalesce(p.seconds, a.seconds) * o.tasks
      - case
          when o.progress is not null then coalesce(p.seconds, a.seconds) * o.progress
          when o.running_since is not null then least(date_part('epoch', v_now - o.running_since), coalesce(p.seconds, a.seconds))
          else 0
        end)
    into v_seconds
    from ahead o
    cross join (select sum(p.seconds * p.tasks) / sum(p.tasks) as seconds from past p) a
    left join past p on p.template = o.template;
  return v_seconds + case
    when job.worker_id is null then greatest(date_part('epoch', coalesce(job.next_attempt_at, job.run_at) - v_now), 0)
    else 0 end;
end
$$;
revoke all on function ratchet.jobs_eta_seconds(ratchet.jobs) from public;
comment on function ratchet.jobs_eta_seconds(ratchet.jobs) is 'About how many seconds until the job is COMPLETED: what its tasks that are left took in the tenant''s last ten COMPLETED jobs of the same definition, and the time until it is due. Waiting for a worker and failures are not foreseen. Null for a job that has ended or has no such history.';
