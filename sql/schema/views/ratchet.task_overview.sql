-- For people: 100 columns wide.
create or replace view ratchet.task_overview with (security_invoker = true) as
  select
    t.job_id,
    t.position,
    ratchet_private.text_line(t.name, 23) as task,
    t.status,
    t.attempts as tries,
    case
      when t.started_at is null then ''
      when t.status = 'RUNNING' then ratchet_private.describe_span(c.now - t.started_at) || ' …'
      when t.completed_at is null then ''
      when t.completed_at - t.started_at < interval '1 s' then round(1000 * greatest(extract(epoch from t.completed_at - t.started_at), 0)) || ' ms'
      else ratchet_private.describe_span(t.completed_at - t.started_at)
    end as took,
    ratchet_private.text_line(coalesce(t.error_message, ''), 22) as error
  from ratchet.tasks t
  cross join (select ratchet_private.clock_now() as now) c;
comment on view ratchet.task_overview is 'One line a task, for people. Ask with where job_id = … order by position. What it cuts off stands in tasks, which programs read.';
comment on column ratchet.task_overview.job_id is 'The job.';
comment on column ratchet.task_overview.position is 'Its place in the plan, from 1.';
comment on column ratchet.task_overview.task is 'What it does.';
comment on column ratchet.task_overview.status is 'Where it stands.';
comment on column ratchet.task_overview.tries is 'Counted tries.';
comment on column ratchet.task_overview.took is 'How long its last try took, or has run up to now.';
comment on column ratchet.task_overview.error is 'The beginning of why it failed, if it is FAILED.';
