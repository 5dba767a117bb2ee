-- security definer: whoever may scrub jobs needs no right on the tables.
create or replace function ratchet.scrub_job(job_id bigint, reason text default null) returns ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  c_text constant text := 'scrubbed';
  v_job ratchet.jobs := ratchet_private.lock_for_order(scrub_job.job_id, true);
  v_mark text;
begin
  if v_job.scrubbed_at is not null then
    return v_job;
  end if;
  if v_job.finished_at is null then
    raise exception using
      errcode = 'RT020',
      message = format('Job %s is %s and cannot be scrubbed before its end.', v_job.id, v_job.status),
      hint = 'Wait for its end, or cancel it first. Nothing was changed.';
  end if;
  v_mark := ratchet_private.begin_engine_change('order');
  update ratchet.jobs j set payload = '{}', scrubbed_at = ratchet_private.clock_now() where j.id = v_job.id;
  update ratchet.tasks t set
    input = null, result = null, error_message = case when t.error_message is not null then c_text end
    where t.job_id = v_job.id;
  update ratchet.task_failures f set error_message = c_text, error_stack = null where f.job_id = v_job.id;
  perform ratchet_private.record_order('scrub', v_job, scrub_job.reason);
  perform ratchet_private.announce(array[v_job.id]);
  perform ratchet_private.end_engine_change(v_mark);
  select * into strict v_job from ratchet.jobs j where j.id = v_job.id;
  return v_job;
end
$$;
revoke all on function ratchet.scrub_job(bigint, text) from public;
comment on function ratchet.scrub_job(bigint, text) is 'Takes out of a finished job whatever it was given, returned or said: payload, inputs, results, error texts and stacks. Statuses, times, counts, names and keys stay; it cannot be tried again. Scrubbing twice changes nothing.';
