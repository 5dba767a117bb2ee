create or replace function ratchet_private.checkpoint(
  p_worker_id integer, p_job_ids bigint[], p_positions integer[], p_fences integer[], p_kinds text[],
  p_elapsed_ms double precision[], p_progress real[], p_results text[], p_failures jsonb default null
)
returns table (item integer, items integer, outcome text, stop boolean, retry_in_ms double precision, attempts integer)
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
-- Planned once: with arrays of other lengths Postgres would plan nearly each call anew, at 1 ms: docs/decisions/0016-hot-path-in-postgres.md
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_mark text := ratchet_private.begin_engine_change('checkpoint');
  v_now timestamptz := ratchet_private.clock_now();
  v_written integer[];
  v_stopped integer[];
  v_missed record;
begin
  if p_failures is not null then
    -- Failures write jobs too; tasks of the whole batch are locked first, then jobs: the order of every writer.
    perform from ratchet.tasks t
      join unnest(p_job_ids, p_positions) i (job_id, position) on i.job_id = t.job_id and i.position = t.position
      order by t.job_id, t.position for update of t;
    return query
      select f.item, 1, f.outcome, f.stop, f.retry_in_ms, f.attempts
      from ratchet_private.write_failures(p_worker_id, p_failures, v_now) f;
  end if;

  with written as (
    update ratchet.tasks t set
      status = case i.kind when 'C' then 'COMPLETED'::ratchet.task_status else 'RUNNING' end,
      fence = i.fence,
      attempts = t.attempts + case i.kind when 'C' then 1 else 0 end,
      started_at = case when t.status = 'RUNNING' then t.started_at else v_now - i.elapsed_ms * interval '1 millisecond' end,
      completed_at = case i.kind when 'C' then v_now end,
      error_message = null,
      progress = case i.kind when 'C' then null else i.progress end,
      result = i.result::jsonb
    from unnest(p_job_ids, p_positions, p_fences, p_kinds, p_elapsed_ms, p_progress, p_results)
      with ordinality i (job_id, position, fence, kind, elapsed_ms, progress, result, n)
    where i.kind <> 'F'
      and t.job_id = i.job_id and t.position = i.position and t.fence <= i.fence
      -- A try that failed under this very claim has ended, and its job is nobody's.
      and (t.status in ('PENDING', 'RUNNING', 'WAITING') or (t.status = 'FAILED' and t.fence < i.fence))
    returning i.n::integer as n, t.stop_after as stop
  )
  select coalesce(array_agg(w.n), '{}'), coalesce(array_agg(w.n) filter (where w.stop), '{}') into v_written, v_stopped from written w;
  perform ratchet_private.end_engine_change(v_mark);

  -- A row for each would cost more than its write.
  if cardinality(v_written) > cardinality(v_stopped) then
    return query values (null::integer, cardinality(v_written) - cardinality(v_stopped), 'written', false, null::double precision, null::integer);
  end if;
  if v_stopped <> '{}' then
    return query select s.n, 1, 'written', true, null::double precision, null::integer from unnest(v_stopped) s (n);
  end if;
  if cardinality(v_written) < cardinality(p_kinds) then
    -- A later statement reads what stands there now: our own end from a COMMIT whose answer was lost, or somebody else's.
    for v_missed in
      select i.n::integer as n, i.job_id, i.position, i.kind, t.status, t.stop_after, t.attempts, t.fence = i.fence as is_ours
      from unnest(p_job_ids, p_positions, p_fences, p_kinds) with ordinality i (job_id, position, fence, kind, n)
      left join ratchet.tasks t on t.job_id = i.job_id and t.position = i.position
      where i.kind <> 'F' and i.n <> all (v_written)
      order by i.n
    loop
      if v_missed.is_ours and v_missed.status = 'RUNNING' then
        raise exception using
          errcode = 'RT006',
          message = format('Task %s of job %s is in one batch twice.', v_missed.position, v_missed.job_id),
          detail = 'Postgres writes one of two rows for one task, and which one is left to chance.',
          hint = 'Merge a mark into the end that overtakes it. Nothing was written.';
      end if;
      item := v_missed.n;
      items := 1;
      outcome := case
        when v_missed.is_ours and (v_missed.status = 'COMPLETED' or (v_missed.status = 'FAILED' and v_missed.kind = 'R')) then 'already there'
        else 'refused' end;
      stop := coalesce(v_missed.stop_after, false);
      retry_in_ms := null;
      attempts := v_missed.attempts;
      return next;
    end loop;
  end if;
end
$$;
comment on function ratchet_private.checkpoint(integer, bigint[], integer[], integer[], text[], double precision[], real[], text[], jsonb) is 'Writes what happened to tasks, one commit for many jobs. Kinds: C completed, R running, F failed (details in p_failures). Answers are written, already there, or refused (a newer fence stands on the task); those items that were written and of which there is nothing more to say share one row, in which items is their number and item is null.';
