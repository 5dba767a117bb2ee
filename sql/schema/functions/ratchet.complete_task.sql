-- security definer: whoever may complete tasks needs no right on the tables or on graphile-worker's.
create or replace function ratchet.complete_task(job_id bigint, task text, result jsonb default null, reason text default null) returns ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  -- What a worker takes from a handler.
  c_largest_bytes constant integer := 1048576;
  v_job ratchet.jobs := ratchet_private.lock_for_order(complete_task.job_id, true);
  v_task ratchet.tasks := ratchet_private.task_for_order(v_job, complete_task.task);
  v_first ratchet.tasks;
begin
  select * into v_first from ratchet.tasks t
    where t.job_id = v_job.id and t.position = ratchet_private.first_unfinished(v_job.id);
  if v_first.position <> v_task.position then
    raise exception using
      errcode = 'RT024',
      message = format('Task "%s" of job %s cannot be completed yet: task "%s" before it is %s.', v_task.key, v_job.id, v_first.key, v_first.status),
      hint = format('Tasks end in order: wait for "%s", complete it or skip it first. To leave "%s" out in advance, skip it. Nothing was changed.', v_first.key, v_task.key);
  end if;
  if octet_length(complete_task.result::text) > c_largest_bytes then
    raise exception using
      errcode = 'RT006',
      message = format('result has %s bytes as JSON; %s are the most.', octet_length(complete_task.result::text), c_largest_bytes),
      hint = 'Keep the data elsewhere and give a reference to it. Nothing was changed.';
  end if;
  perform ratchet_private.end_by_order(v_job, v_task, 'COMPLETED', complete_task.result);
  perform ratchet_private.record_order('complete_task', v_job, complete_task.reason, jsonb_build_object('task', v_task.key, 'task_status', v_task.status));
  select * into strict v_job from ratchet.jobs j where j.id = v_job.id;
  return v_job;
end
$$;
revoke all on function ratchet.complete_task(bigint, text, jsonb, text) from public;
comment on function ratchet.complete_task(bigint, text, jsonb, text) is 'Says that the first unfinished task of a job, named by its key, was done by hand: COMPLETED with this result, which later handlers read, and the job goes on at the next one at once. No try is counted. A handler that runs it is told within about a second, and what it returns is discarded. Who, when and why is kept in audit.';
