-- security definer: with a caller's rights under row security the job silently did not follow its tasks.
create or replace function ratchet_private.follow_tasks() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
-- Planned once: with arrays of other lengths Postgres would plan nearly each call anew, at 1 ms: docs/decisions/0016-hot-path-in-postgres.md
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_is_checkpoint boolean := coalesce(current_setting('ratchet.engine', true), '') = 'checkpoint';
  v_is_by_hand boolean := coalesce(current_setting('ratchet.engine', true), '') = '';
  v_mark text;
  v_now timestamptz;
  v_ids bigint[];
  v_firsts integer[];
  v_moved bigint[];
begin
  if v_is_checkpoint then
    -- The engine writes first unfinished tasks only: what stands before is finished, so that a job goes on as it is if its task
    -- runs, or if the next one is still to run. Of such a job nothing more is read; all others are looked at, but for one that
    -- fails: write_failures writes the job as well.
    select array_agg(c.job_id), array_agg(c.first_changed) into v_ids, v_firsts
      from (
        select job_id, min(position) as first_changed from changed w
        where w.status not in ('RUNNING', 'FAILED') and (w.status <> 'COMPLETED' or (
          select t.status from ratchet.tasks t where t.job_id = w.job_id and t.position = w.position + 1
        ) in ('PENDING', 'RUNNING', 'FAILED') is not true)
        group by job_id
      ) c;
    if v_ids is null then
      return null;
    end if;
    v_now := ratchet_private.clock_now();
    with ahead as (
      select c.job_id, (
        -- One that has FAILED is the worker's next one: a task before it was set back by hand.
        select case t.status when 'WAITING' then 'WAITING'::ratchet.job_status else 'RUNNING' end
        from ratchet.tasks t
        where t.job_id = c.job_id and t.position >= c.first_changed and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
        order by t.position limit 1
      ) as of_tasks
      from unnest(v_ids, v_firsts) c (job_id, first_changed)
    ), status as materialized (
      -- With nothing left ahead the whole job is looked at, once: a task may have been cancelled, or set back, by hand.
      select a.job_id, coalesce(a.of_tasks, (
        select case
          when bool_or(t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')) then 'RUNNING'::ratchet.job_status
          when bool_or(t.status = 'CANCELLED') then 'CANCELLED'
          else 'COMPLETED' end
        from ratchet.tasks t where t.job_id = a.job_id
      )) as of_tasks
      from ahead a
    )
    update ratchet.jobs j set
      status = case when s.of_tasks = 'COMPLETED' and j.cancelled_at is not null then 'CANCELLED' else s.of_tasks end,
      finished_at = case when s.of_tasks in ('COMPLETED', 'CANCELLED') then v_now end,
      cancelled_at = case when s.of_tasks = 'CANCELLED' then coalesce(j.cancelled_at, v_now) else j.cancelled_at end,
      cancel_reason = case when s.of_tasks = 'CANCELLED' then coalesce(j.cancel_reason, 'a task was cancelled by hand') else j.cancel_reason end,
      worker_id = null
    from status s
    where j.id = s.job_id and s.of_tasks <> 'RUNNING' and j.status <> s.of_tasks;
    return null;
  end if;

  -- A plan that Ratchet makes or takes away says nothing that the job does not know.
  if not v_is_by_hand and tg_op <> 'UPDATE' then
    return null;
  end if;

  select array_agg(c.job_id), array_agg(c.first_changed) into v_ids, v_firsts
    from (select job_id, min(position) as first_changed from changed group by job_id order by job_id) c;

  -- Two sessions that each finish one of the last two tasks do not see each other: whoever changes a later task first waits for
  -- whoever changes the first unfinished one, and reads after the wait.
  perform from ratchet.tasks t
    join (
      select c.job_id, (
        select e.position from ratchet.tasks e
        where e.job_id = c.job_id and e.position < c.first_changed and e.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
        order by e.position limit 1
      ) as position
      from unnest(v_ids, v_firsts) c (job_id, first_changed)
    ) earlier on earlier.job_id = t.job_id and earlier.position = t.position
    order by t.job_id, t.position
    for update of t;

  v_now := ratchet_private.clock_now();
  v_mark := ratchet_private.begin_engine_change('order');
  if v_is_by_hand then
    -- The first claim of a job locks nothing else. Where it came between the change and this lock, the fences know nothing of each other.
    perform from ratchet.jobs j where j.id = any (v_ids) order by j.id for update;
    update ratchet.tasks t set fence = j.fence + 1
      from changed c join ratchet.jobs j on j.id = c.job_id
      where j.worker_id is not null and t.job_id = c.job_id and t.position = c.position and t.fence = j.fence
        and c.status in ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED');
  end if;
  with status as (
    select j.id, j.status, case
        when bool_or(t.status = 'FAILED') then 'FAILED'
        when bool_and(t.status in ('COMPLETED', 'SKIPPED', 'CANCELLED')) then
          case when j.cancelled_at is not null or bool_or(t.status = 'CANCELLED') then 'CANCELLED' else 'COMPLETED' end
        when bool_or(t.status = 'WAITING') then 'WAITING'
        when j.started_at is not null then 'RUNNING'
        else 'PENDING'
      end::ratchet.job_status as of_tasks
    from ratchet.jobs j
    join ratchet.tasks t on t.job_id = j.id
    where j.id = any (v_ids)
    group by j.id
  ), moved as (
    update ratchet.jobs j set
      status = s.of_tasks,
      finished_at = case when s.of_tasks in ('COMPLETED', 'CANCELLED', 'FAILED') then v_now end,
      cancelled_at = case when s.of_tasks = 'CANCELLED' then coalesce(j.cancelled_at, v_now) end,
      cancel_reason = case when s.of_tasks = 'CANCELLED' then coalesce(j.cancel_reason, 'a task was cancelled by hand') end,
      next_attempt_at = null,
      worker_id = case when s.of_tasks = 'RUNNING' then j.worker_id end
    from status s
    where j.id = s.id and s.status <> s.of_tasks
    returning j.id
  )
  select array_agg(id) into v_moved from moved;

  if v_is_by_hand then
    -- What the worker that holds a job is in, marked RUNNING or not yet.
    select array_agg(c.job_id), array_agg((
        select t.position from ratchet.tasks t
        where t.job_id = c.job_id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
        order by t.position limit 1))
      into v_ids, v_firsts
      from unnest(v_ids) c (job_id);
    -- A job that was taken from its worker runs nothing: what that worker still writes is stale.
    update ratchet.tasks t set
      status = case t.status when 'RUNNING' then 'PENDING' else t.status end,
      started_at = case when t.status <> 'RUNNING' then t.started_at end,
      fence = j.fence + 1, progress = null, stop_after = false
      from unnest(v_ids, v_firsts) f (job_id, position)
      join ratchet.jobs j on j.id = f.job_id
      where j.id = any (v_moved) and j.status <> 'RUNNING' and t.job_id = f.job_id and t.position = f.position and t.fence <= j.fence;
    -- A worker that goes on has the old plan in memory: let it look again after the task it is in. That is the first unfinished
    -- one which was not just changed: a task before it may have been set back, and one that was changed has a newer fence.
    update ratchet.tasks t set stop_after = true
      from ratchet.jobs j
      where j.id = any (v_ids) and j.worker_id is not null and t.job_id = j.id and not t.stop_after
        and t.position = (
          select min(e.position) from (
            select u.position from ratchet.tasks u
              where u.job_id = j.id and u.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
            except select c.position from changed c where c.job_id = j.id
          ) e);
    perform ratchet_private.add_wake_ups(array(
      select j.id from ratchet.jobs j
      where j.id = any (v_moved) and j.finished_at is null and j.worker_id is null and j.version is not null
    ));
    perform ratchet_private.announce(v_ids);
  end if;
  perform ratchet_private.end_engine_change(v_mark);
  return null;
end
$$;
revoke all on function ratchet_private.follow_tasks() from public;
comment on function ratchet_private.follow_tasks() is 'Trigger: sets the status of the jobs whose tasks changed, where it differs, in the same commit.';
