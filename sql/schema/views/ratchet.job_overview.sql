-- For people: 100 columns wide with identifiers of 16 letters. No order by: inside a view it would make order by id desc limit 20
-- read every job.
create or replace view ratchet.job_overview with (security_invoker = true) as
  select
    j.id,
    j.identifier,
    j.status,
    ratchet_private.text_bar(t.finished, t.total) as progress,
    ratchet_private.text_line(coalesce(f.error_message, f.name, ''), 19) as task_or_error,
    case
      when j.finished_at is not null or j.worker_id is not null then ''
      when coalesce(j.next_attempt_at, j.run_at) <= c.now then 'due'
      else 'in ' || ratchet_private.describe_span(coalesce(j.next_attempt_at, j.run_at) - c.now)
    end as next,
    ratchet_private.describe_span(c.now - j.created_at) as age
  from ratchet.jobs j
  cross join (select ratchet_private.clock_now() as now) c
  cross join lateral (
    select count(*) as total, count(*) filter (where t.status in ('COMPLETED', 'SKIPPED')) as finished
    from ratchet.tasks t where t.job_id = j.id
  ) t
  left join lateral (
    select t.name, t.error_message from ratchet.tasks t
    where t.job_id = j.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
    order by t.position limit 1
  ) f on true;
comment on view ratchet.job_overview is 'One line a job, for people: how far it is, what it is at and when it goes on. Ask for one with where id = …, for the newest with order by id desc limit 20. What it cuts off stands in jobs and tasks, which programs read.';
comment on column ratchet.job_overview.id is 'Number of the job.';
comment on column ratchet.job_overview.identifier is 'Name of its definition.';
comment on column ratchet.job_overview.status is 'Where it stands.';
comment on column ratchet.job_overview.progress is 'Finished tasks / all tasks, with a bar.';
comment on column ratchet.job_overview.task_or_error is 'The first task that is not finished, or the beginning of its error.';
comment on column ratchet.job_overview.next is 'When it goes on by itself; empty while a worker has it, and once it has ended.';
comment on column ratchet.job_overview.age is 'How long ago it was added.';
