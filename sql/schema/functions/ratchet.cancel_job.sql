-- security definer: whoever may cancel jobs needs no right on the tables or on graphile-worker's.
create or replace function ratchet.cancel_job(job_id bigint, reason text default null) returns ratchet.jobs
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_job ratchet.jobs := ratchet_private.lock_for_order(cancel_job.job_id, false);
  v_now timestamptz := ratchet_private.clock_now();
  v_mark text;
  v_fence integer;
begin
  if v_job.status = 'CANCELLED' then
    return v_job;
  end if;
  if v_job.finished_at is not null then
    raise exception using
      errcode = 'RT016',
      message = format('Job %s has ended as %s and cannot be cancelled.', v_job.id, v_job.status),
      hint = 'Nothing of it will run by itself. Nothing was changed.';
  end if;
  v_mark := ratchet_private.begin_engine_change('order');
  v_fence := ratchet_private.next_fence(v_job);
  -- The job first, so that the status trigger finds it right and touches it no second time.
  update ratchet.jobs j set
    status = 'CANCELLED', fence = v_fence, worker_id = null, next_attempt_at = null, finished_at = v_now,
    cancelled_at = v_now, cancel_reason = coalesce(cancel_job.reason, j.cancel_reason)
    where j.id = v_job.id;
  perform ratchet_private.cancel_unfinished_tasks(v_job.id, 0, v_fence);
  perform graphile_worker.remove_job('ratchet:' || v_job.id);
  perform ratchet_private.record_order('cancel', v_job, cancel_job.reason);
  perform ratchet_private.announce(array[v_job.id]);
  perform ratchet_private.end_engine_change(v_mark);
  select * into strict v_job from ratchet.jobs j where j.id = v_job.id;
  return v_job;
end
$$;
revoke all on function ratchet.cancel_job(bigint, text) from public;
comment on function ratchet.cancel_job(bigint, text) is 'Stops a job for good: what has not ended of it is CANCELLED, and a handler that runs is told within about a second; what it returns is discarded. A job that is CANCELLED already stays as it is, one that has ended otherwise is refused (RT016).';
