create or replace function ratchet_private.sweep(p_after bigint, p_limit integer)
returns table (next_after bigint, woken bigint[], settled bigint[])
language plpgsql volatile set search_path = '' as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_ids bigint[];
  v_id bigint;
  v_left record;
  v_freed bigint[] := '{}';
  v_spent bigint[];
begin
  v_ids := array(select j.id from ratchet.jobs j where j.finished_at is null and j.id > p_after order by j.id limit p_limit);
  next_after := case when cardinality(v_ids) < p_limit then 0 else v_ids[p_limit] end;

  -- Somebody held a row of theirs when their worker was released. A worker that was taken for gone by mistake goes on beating.
  for v_left in
    select w.id as worker_id, array_agg(j.id order by j.id) as job_ids
    from ratchet.jobs j join ratchet.workers w on w.id = j.worker_id
    where j.id = any (v_ids) and w.stopped_at is not null and w.beat_at < v_now - interval '15 seconds'
    group by w.id order by w.id
  loop
    v_freed := v_freed || ratchet_private.free_jobs(v_left.worker_id, v_left.job_ids);
  end loop;

  -- Only jobs that nobody holds: a worker in the middle of a checkpoint is no contradiction.
  settled := array(
    select j.id from ratchet.jobs j
    where j.id = any (v_ids) and j.worker_id is null and j.version is not null
      and not exists (
        select from ratchet.tasks t where t.job_id = j.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED'))
      and exists (select from ratchet.tasks t where t.job_id = j.id)
  );
  foreach v_id in array settled loop
    perform ratchet_private.settle(v_id);
  end loop;

  -- A spent row wakes nobody, nor one locked for five seconds by a pool that no live worker has (a new pool is known a moment
  -- after its first fetch), nor one whose pool has not claimed the job for ten seconds (the answer to its fetch was lost), nor
  -- one flagged for a version that no live worker knows any more.
  woken := array(
    select j.id from ratchet.jobs j
    where j.id = any (v_ids) and j.id <> all (settled) and j.finished_at is null and j.worker_id is null and j.version is not null
      and coalesce(j.next_attempt_at, j.run_at) <= v_now
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
  perform ratchet_private.add_wake_ups(woken);
  woken := v_freed || woken;

  -- Once a round, because it reads graphile-worker's whole table.
  v_spent := array(
    select w.id from graphile_worker.jobs w
    where next_after = 0 and w.key is null and w.attempts >= w.max_attempts and w.max_attempts = 32767 and w.locked_at is null
      and w.task_identifier in (select d.identifier from ratchet.definitions d)
    limit 1000
  );
  perform graphile_worker.complete_jobs(v_spent);
  return next;
end
$$;
comment on function ratchet_private.sweep(bigint, integer) is 'The net: looks at the next slice of unfinished jobs, frees those that a released worker still holds, gives those that are due, free and without a wake-up a new one, settles contradictions and removes spent wake-ups. Returns where the next slice begins (0: from the start).';
