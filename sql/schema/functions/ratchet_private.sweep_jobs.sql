create or replace function ratchet_private.sweep_jobs(p_after bigint, p_limit integer)
returns table (next_after bigint, woken bigint[], settled bigint[])
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_last bigint;
  v_count integer;
  v_due bigint[];
  v_begun bigint[];
  v_held_by integer[];
  v_left record;
  v_id bigint;
  v_asleep bigint[];
begin
  woken := '{}';
  settled := '{}';
  select max(j.id), count(*), coalesce(array_agg(j.id) filter (where j.is_free and j.due_at <= v_now), '{}'),
    coalesce(array_agg(j.id) filter (where j.is_free and j.status <> 'PENDING'), '{}'),
    coalesce(array_agg(distinct j.worker_id) filter (where j.worker_id is not null), '{}')
    into v_last, v_count, v_due, v_begun, v_held_by
    from (
      select j.id, j.status, j.worker_id, coalesce(j.next_attempt_at, j.run_at) as due_at,
        j.worker_id is null and j.version is not null as is_free
      from ratchet.jobs j where j.finished_at is null and j.id > p_after order by j.id limit p_limit
    ) j;
  next_after := case when v_count < p_limit then 0 else v_last end;

  -- Somebody held a row of theirs when their worker stopped or was rescued.
  for v_left in
    select j.worker_id, coalesce(bool_or(w.rescued_by is not null), false) as has_died, array_agg(j.id order by j.id) as job_ids
    from ratchet.jobs j
    left join ratchet.workers w on w.id = j.worker_id
    where j.finished_at is null and j.id > p_after and j.id <= v_last and j.worker_id in (
      select h from unnest(v_held_by) h
      where not exists (select from ratchet.workers w where w.id = h and w.stopped_at is null))
    group by j.worker_id order by j.worker_id
  loop
    woken := woken || ratchet_private.free_jobs(v_left.worker_id, v_left.job_ids, p_has_died => v_left.has_died);
  end loop;

  v_asleep := ratchet_private.without_wake_up(v_due);
  -- Only jobs that nobody holds: a worker in the middle of a checkpoint is no contradiction. One that has not begun and has a
  -- wake-up is settled by its claim.
  for v_id in
    select c from unnest(v_begun || v_asleep) c
    where not exists (
        select from ratchet.tasks t where t.job_id = c and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED'))
      and exists (select from ratchet.tasks t where t.job_id = c)
    group by c order by c
  loop
    begin
      perform ratchet_private.settle(v_id);
      settled := settled || v_id;
    exception when lock_not_available then
      continue;
    end;
  end loop;

  -- A spent row wakes nobody, nor one locked for five seconds by a pool that no live worker has (a new pool is known a moment
  -- after its first fetch), nor one whose pool has not claimed the job for ten seconds (the answer to its fetch was lost), nor
  -- one flagged for a version that no live worker knows any more.
  v_asleep := array(
    select j.id from ratchet.jobs j
    where j.id = any (v_asleep) and j.id <> all (settled) and j.finished_at is null and j.worker_id is null
      and not exists (
        select from graphile_worker.jobs w
        where (w.key = 'ratchet:' || j.id or w.id = j.adopted_from)
          and w.attempts < w.max_attempts
          and (w.flags is null or exists (
            select from ratchet.workers k where j.version = any (k.known_versions) and ratchet_private.is_worker_live(k)))
          and (w.locked_by is null or w.locked_at > clock_timestamp() - case
            when exists (select from ratchet.workers k where k.stopped_at is null and w.locked_by = any (k.pool_ids))
            then interval '10 seconds' else interval '5 seconds' end)
      )
    order by j.id
  );
  if v_asleep <> '{}' then
    woken := woken || ratchet_private.wake_free_jobs(v_asleep);
  end if;
  return next;
end
$$;
comment on function ratchet_private.sweep_jobs(bigint, integer) is 'Looks at the next unfinished jobs after an id: frees those that a stopped worker still holds, gives those that are due, free and without a wake-up a new one, and settles contradictions. Returns where to go on (0: from the start).';
