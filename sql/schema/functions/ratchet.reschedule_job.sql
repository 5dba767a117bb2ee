-- security definer: whoever may reschedule jobs needs no right on the tables or on graphile-worker's.
create or replace function ratchet.reschedule_job(
  job_id bigint, run_at timestamptz default null, priority integer default null, reason text default null
) returns ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_nothing constant text := ' Nothing was changed.';
  v_job ratchet.jobs := ratchet_private.lock_for_order(reschedule_job.job_id, false);
  v_mark text;
begin
  if num_nonnulls(reschedule_job.run_at, reschedule_job.priority) = 0 then
    raise exception using errcode = 'RT006', message = 'Neither run_at nor priority is given.', hint = 'Say when the job is to run, or how urgent it is.' || v_nothing;
  elsif not isfinite(reschedule_job.run_at)
    or reschedule_job.run_at not between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' then
    raise exception using errcode = 'RT006', message = format('run_at must be in the years 1 to 9999 and is %s.', reschedule_job.run_at), hint = 'Give a time, or now() for at once.' || v_nothing;
  elsif reschedule_job.priority not between -32768 and 32767 then
    raise exception using errcode = 'RT006', message = format('priority must be between -32768 and 32767 and is %s.', reschedule_job.priority), hint = 'Smaller numbers run earlier; 0 is usual.' || v_nothing;
  elsif v_job.finished_at is not null then
    raise exception using
      errcode = 'RT016',
      message = format('Job %s has ended as %s and has no time to run at.', v_job.id, v_job.status),
      hint = 'To let it run once more, retry it.' || v_nothing;
  elsif v_job.version is null then
    raise exception using
      errcode = 'RT025',
      message = format('Job %s is outside the queue: no worker runs it, now or later.', v_job.id),
      hint = 'The program that made it has to run it.' || v_nothing;
  elsif v_job.worker_id is not null then
    raise exception using
      errcode = 'RT025',
      message = format('Job %s is running: a worker has it.', v_job.id),
      hint = 'Wait until it has ended or waits for its next try, or cancel it.' || v_nothing;
  elsif reschedule_job.run_at >= v_job.timeout_at then
    raise exception using
      errcode = 'RT025',
      message = format('Job %s would not run at %s: its time-out is at %s.', v_job.id, reschedule_job.run_at, v_job.timeout_at),
      hint = 'Choose an earlier time; or cancel it and retry it later, with its time anew.' || v_nothing;
  end if;

  v_mark := ratchet_private.begin_engine_change('order');
  -- Nobody holds it, so no fence is raised: a claim reads these columns after it has locked the row.
  update ratchet.jobs j set
    run_at = case when j.next_attempt_at is null then coalesce(reschedule_job.run_at, j.run_at) else j.run_at end,
    next_attempt_at = case when j.next_attempt_at is not null then coalesce(reschedule_job.run_at, j.next_attempt_at) end,
    priority = coalesce(reschedule_job.priority, j.priority)
    where j.id = v_job.id;
  perform ratchet_private.add_wake_ups(array[v_job.id]);
  perform ratchet_private.record_order('reschedule', v_job, reschedule_job.reason, jsonb_strip_nulls(jsonb_build_object(
    'run_at', reschedule_job.run_at, 'run_at_before', case when reschedule_job.run_at is not null then coalesce(v_job.next_attempt_at, v_job.run_at) end,
    'priority', reschedule_job.priority, 'priority_before', case when reschedule_job.priority is not null then v_job.priority end)));
  perform ratchet_private.announce(array[v_job.id]);
  perform ratchet_private.end_engine_change(v_mark);
  select * into strict v_job from ratchet.jobs j where j.id = v_job.id;
  return v_job;
end
$$;
revoke all on function ratchet.reschedule_job(bigint, timestamptz, integer, text) from public;
comment on function ratchet.reschedule_job(bigint, timestamptz, integer, text) is 'Gives a job that no worker has another time to run at, a time that has passed meaning at once, another priority (smaller numbers run earlier), or both. Of a FAILED job it is the time of the next try. A job that runs, is outside the queue or would pass its time-out is refused (RT025), one that has ended too (RT016). Who, when and why is kept in audit.';
