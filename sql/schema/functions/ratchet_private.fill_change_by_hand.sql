-- security definer: whoever may write the tasks need not see the job's fence or Ratchet's clock.
create or replace function ratchet_private.fill_change_by_hand() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_fence integer;
  v_is_scrubbed boolean;
begin
  if new.status in ('RUNNING', 'WAITING') then
    raise exception using
      errcode = 'RT009',
      message = format('Task %s of job %s cannot be set to %s by hand: only a worker starts a task.', new.position, new.job_id, new.status),
      hint = 'Set it to PENDING; the job is then picked up by itself.';
  end if;
  select j.fence, j.scrubbed_at is not null into v_fence, v_is_scrubbed from ratchet.jobs j where j.id = old.job_id;
  if v_is_scrubbed then
    raise exception using
      errcode = 'RT018',
      message = format('Task %s of job %s cannot be set to %s: the job was scrubbed.', new.position, new.job_id, new.status),
      hint = 'Add a new job with a payload of its own.';
  end if;
  -- An order that does not see this change yet stops at the first unfinished task it does see: wait for it there.
  if old.status in ('SKIPPED', 'CANCELLED') then
    perform from ratchet.tasks t
      where t.job_id = new.job_id and t.position = ratchet_private.first_unfinished(new.job_id) for update;
  end if;
  -- Whoever holds the job now must not write over the change.
  new.fence := 1 + greatest(old.fence, v_fence);
  new.completed_at := case when new.status in ('COMPLETED', 'SKIPPED') then coalesce(new.completed_at, v_now) end;
  new.started_at := case
    when new.status = 'PENDING' then null
    when new.status = 'COMPLETED' then coalesce(new.started_at, v_now)
    else new.started_at end;
  new.error_message := case when new.status = 'FAILED' then coalesce(new.error_message, 'set to FAILED by hand') end;
  new.result := case when new.status = 'COMPLETED' then new.result end;
  new.progress := null;
  new.stop_after := false;
  new.attempts := case when new.status = 'PENDING' then 0 else new.attempts end;
  return new;
end
$$;
revoke all on function ratchet_private.fill_change_by_hand() from public;
comment on function ratchet_private.fill_change_by_hand() is 'Trigger: completes a task''s row whose status somebody changed by hand (times, error text) and raises its fence.';
