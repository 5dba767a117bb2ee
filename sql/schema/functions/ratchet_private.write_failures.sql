create or replace function ratchet_private.write_failures(p_worker_id integer, p_failures jsonb, p_now timestamptz)
returns table (item integer, outcome text, stop boolean, retry_in_ms double precision, attempts integer)
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  c_longest_ms constant double precision := extract(epoch from interval '10 years') * 1000;
  v_failure record;
  v_task ratchet.tasks;
  v_attempt integer;
  v_next timestamptz;
  v_message text;
  v_retry bigint[] := '{}';
begin
  perform from ratchet.jobs j
    where j.id in (select f.job_id from jsonb_to_recordset(p_failures) f (job_id bigint))
    order by j.id for update;

  for v_failure in
    select f.*, j.cancelled_at is not null as is_stopped, j.version is not null as is_queued, j.timeout_at,
      coalesce(j.max_attempts, d.max_attempts, 1) as max_attempts,
      coalesce(j.retry_delay, d.retry_delay, interval '30 seconds') as retry_delay,
      d.retry_backoff, d.retry_max_delay, d.retry_jitter
    from jsonb_to_recordset(p_failures) f (
      item integer, job_id bigint, position integer, fence integer, elapsed_ms double precision, counted boolean, can_retry boolean,
      delay_ms double precision, error_name text, error_message text, error_code text, error_stack text
    )
    left join ratchet.jobs j on j.id = f.job_id
    left join ratchet.definitions d on d.identifier = j.identifier and d.version = j.version
    order by f.job_id
  loop
    select t.* into v_task from ratchet.tasks t where t.job_id = v_failure.job_id and t.position = v_failure.position;
    item := v_failure.item;
    stop := coalesce(v_task.stop_after, false);
    attempts := v_task.attempts;
    retry_in_ms := null;
    outcome := 'refused';
    -- The job may have been deleted.
    if v_task.job_id is null or v_task.fence > v_failure.fence then
      return next;
      continue;
    end if;
    select extract(epoch from f.next_attempt_at - p_now) * 1000 into retry_in_ms from ratchet.task_failures f
      where f.job_id = v_failure.job_id and f.position = v_failure.position and f.fence = v_failure.fence;
    if found then
      outcome := 'already there';
      return next;
      continue;
    end if;
    if v_task.status not in ('PENDING', 'RUNNING', 'WAITING', 'FAILED') then
      return next;
      continue;
    end if;

    v_attempt := v_task.attempts + 1;
    attempts := case when v_failure.counted then v_attempt else v_task.attempts end;
    v_next := case
      when v_failure.is_queued and v_failure.can_retry and not v_failure.is_stopped
        and (not v_failure.counted or v_attempt < v_failure.max_attempts)
      then p_now + coalesce(
        -- A time beyond what timestamps hold would make the failure impossible to write. least() passes over nulls.
        (case when v_failure.delay_ms is not null then least(v_failure.delay_ms, c_longest_ms) end) * interval '1 millisecond',
        ratchet_private.retry_delay(greatest(attempts, 1), v_failure.retry_delay, v_failure.retry_backoff, v_failure.retry_max_delay, v_failure.retry_jitter))
      end;
    v_message := v_failure.error_message;
    if v_next >= v_failure.timeout_at then
      v_message := v_message || case when v_message ~ '[.!?]$' then ' ' else '. ' end || case
        when v_failure.timeout_at > p_now then format('Not tried again: the wait of %s would end after the job''s time-out.', ratchet_private.describe_span(v_next - p_now))
        else 'Not tried again: the job''s time-out has passed.' end;
      v_next := null;
    end if;
    -- The job first, so that the status trigger finds it right and touches it no second time.
    update ratchet.jobs j set
      status = (case when v_failure.is_stopped then 'CANCELLED' else 'FAILED' end)::ratchet.job_status,
      worker_id = null, next_attempt_at = v_next, finished_at = case when v_next is null then p_now end
      where j.id = v_failure.job_id;
    update ratchet.tasks t set
      status = (case when v_failure.is_stopped then 'CANCELLED' else 'FAILED' end)::ratchet.task_status,
      fence = v_failure.fence, attempts = write_failures.attempts, progress = null,
      error_message = case when not v_failure.is_stopped then v_message end,
      started_at = case when t.status = 'RUNNING' then t.started_at else p_now - v_failure.elapsed_ms * interval '1 millisecond' end
      where t.job_id = v_failure.job_id and t.position = v_failure.position;
    insert into ratchet.task_failures (
      job_id, position, fence, attempt, counted, error_name, error_message, error_code, error_stack, started_at, failed_at, worker_id, next_attempt_at
    ) values (
      v_failure.job_id, v_failure.position, v_failure.fence, v_attempt, v_failure.counted, v_failure.error_name, v_message,
      v_failure.error_code, v_failure.error_stack, p_now - v_failure.elapsed_ms * interval '1 millisecond', p_now, p_worker_id, v_next
    );
    if v_next is not null then
      v_retry := v_retry || v_failure.job_id;
    end if;
    outcome := 'written';
    retry_in_ms := extract(epoch from v_next - p_now) * 1000;
    return next;
  end loop;
  perform ratchet_private.add_wake_ups(v_retry);
end
$$;
comment on function ratchet_private.write_failures(integer, jsonb, timestamptz) is 'The failing part of a checkpoint: the task and its job become FAILED, the failure is kept, and the retry is set with its wake-up, all in one commit.';
