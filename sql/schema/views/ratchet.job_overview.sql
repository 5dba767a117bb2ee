-- No order by: inside a view it would make order by id desc limit 20 read every job.
create or replace view ratchet.job_overview with (security_invoker = true) as
  select
    j.id,
    j.identifier,
    j.tenant,
    j.status,
    format('%s/%s', t.finished, t.total) as progress,
    coalesce(f.name, '') as task,
    coalesce(f.attempts, 0) as attempts,
    f.error_message,
    j.next_attempt_at,
    j.run_at,
    j.created_at,
    j.started_at,
    j.finished_at,
    j.worker_id,
    j.job_key
  from ratchet.jobs j
  cross join lateral (
    select count(*) as total, count(*) filter (where t.status in ('COMPLETED', 'SKIPPED')) as finished
    from ratchet.tasks t where t.job_id = j.id
  ) t
  left join lateral (
    select t.name, t.attempts, t.error_message from ratchet.tasks t
    where t.job_id = j.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    order by t.position limit 1
  ) f on true;
comment on view ratchet.job_overview is 'One line a job: how far it is and what it is at. Ask for one with where id = …, for the newest with order by id desc limit 20.';
comment on column ratchet.job_overview.id is 'Number of the job.';
comment on column ratchet.job_overview.identifier is 'Name of its definition.';
comment on column ratchet.job_overview.tenant is 'Whom it belongs to.';
comment on column ratchet.job_overview.status is 'Where it stands.';
comment on column ratchet.job_overview.progress is 'Finished tasks / all tasks.';
comment on column ratchet.job_overview.task is 'The first task that is not finished.';
comment on column ratchet.job_overview.attempts is 'Counted tries of that task.';
comment on column ratchet.job_overview.error_message is 'Why that task failed last, if it is FAILED.';
comment on column ratchet.job_overview.next_attempt_at is 'When a FAILED job is tried again.';
comment on column ratchet.job_overview.run_at is 'Not started before this time.';
comment on column ratchet.job_overview.created_at is 'When it was added.';
comment on column ratchet.job_overview.started_at is 'When it was first claimed.';
comment on column ratchet.job_overview.finished_at is 'When it reached its final state.';
comment on column ratchet.job_overview.worker_id is 'The worker that holds it now.';
comment on column ratchet.job_overview.job_key is 'The user''s key.';
