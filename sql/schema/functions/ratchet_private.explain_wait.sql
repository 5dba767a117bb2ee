create or replace function ratchet_private.explain_wait(p_job ratchet.jobs, p_sees_all boolean) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  -- Half a millisecond; a look at all of a million would take seconds. Those that run are mostly among the oldest.
  c_most_jobs constant integer := 1000;
  -- What a worker is just about is no trouble.
  c_patience constant interval := '3 seconds';
  v_now timestamptz := ratchet_private.clock_now();
  v_due_at constant timestamptz := coalesce(p_job.next_attempt_at, p_job.run_at);
  v_live integer;
  v_knowing integer;
  v_ids integer[];
  v_places integer;
  v_knows_other boolean;
  v_seen record;
  v_lock text;
  v_who text;
begin
  if p_job.version is null then
    return 'It is outside the queue: the program that made it has to run it again.';
  end if;
  select count(*), count(*) filter (where k.knows), array_agg(k.id) filter (where k.knows), sum(k.concurrency) filter (where k.knows),
      coalesce(bool_or(k.known_versions && array(
        select d.version from ratchet.definitions d where d.identifier = p_job.identifier and d.version <> p_job.version)), false)
    into v_live, v_knowing, v_ids, v_places, v_knows_other
    from (
      select w.id, w.concurrency, w.known_versions, p_job.version = any (w.known_versions) as knows
      from ratchet.workers w where w.stopped_at is null and ratchet_private.is_worker_live(w)
    ) k;
  if v_live = 0 then
    return 'No worker is alive: start one with "ratchet worker".';
  end if;
  if v_knowing = 0 then
    v_who := case v_live when 1 then 'The only live worker has no handlers' else format('None of the %s live workers has handlers', v_live) end;
    return case when v_knows_other
      then format('%s for version %s of "%s", by which it was planned, only for another one: start a worker with the task folder of that version, or cancel this job and queue it again.',
        v_who, p_job.version, p_job.identifier)
      else format('%s for "%s": start one whose task folder has them, with "ratchet worker".', v_who, p_job.identifier) end;
  end if;
  if v_due_at > v_now then
    return '';
  end if;

  select count(*) filter (where j.worker_id = any (v_ids)) as running,
      min(j.id) filter (where j.worker_id is not null and j.tenant = p_job.tenant and j.queue_name = p_job.queue_name) as holder,
      count(*) filter (where j.worker_id is null and j.due_at <= v_now
        and (j.queue_name is null or j.tenant = p_job.tenant and j.queue_name = p_job.queue_name)
        and (j.priority, j.due_at, j.id) < (p_job.priority, v_due_at, p_job.id)) as before,
      count(*) = c_most_jobs as is_cut
    into v_seen
    from (
      select u.id, u.worker_id, u.tenant, u.queue_name, u.priority, coalesce(u.next_attempt_at, u.run_at) as due_at
      from ratchet.jobs u where u.finished_at is null and u.version is not null order by u.id limit c_most_jobs
    ) j;
  if v_seen.holder is not null then
    return format('It waits for job %s, which runs now: of queue "%s" one job runs at a time.', v_seen.holder, p_job.queue_name);
  end if;
  if v_seen.running >= v_places then
    v_who := case v_knowing when 1 then 'The live worker that has its handlers is' else format('The %s live workers that have its handlers are', v_knowing) end;
    -- How much others run and wait for is theirs.
    if not p_sees_all then
      return v_who || ' busy with as many jobs as may run at once.';
    end if;
    return format('%s busy: %s run%s, as many as may at once.%s', v_who,
      ratchet_private.count_of(v_seen.running, 'job', 'jobs'), case v_seen.running when 1 then 's' else '' end,
      case when v_seen.before > 0 then format(' %s%s before it.', case when v_seen.is_cut then 'At least ' else '' end,
        ratchet_private.count_of(v_seen.before, 'due job is', 'due jobs are')) else '' end);
  end if;
  if v_due_at < v_now - c_patience then
    v_lock := ratchet_private.explain_row_lock(p_job.id, p_sees_all);
    if v_lock is not null then
      return v_lock;
    end if;
    if not exists (
      select from graphile_worker.jobs w
      where (w.key = 'ratchet:' || p_job.id or w.id = p_job.adopted_from) and w.attempts < w.max_attempts)
    then
      return 'Nothing in the queue wakes a worker up for it: a live worker finds that within seconds and mends it.';
    end if;
  end if;
  return format('It runs as soon as a worker has room%s; %s handlers for it.',
    coalesce(' and the jobs before it in queue "' || p_job.queue_name || '" are done', ''),
    ratchet_private.count_of(v_knowing, 'live worker has', 'live workers have'));
end
$$;
comment on function ratchet_private.explain_wait(ratchet.jobs, boolean) is 'Why a job that nobody holds does not run, and what to do; empty if its time has just not come. p_sees_all: whether the caller may know of processes and of other tenants'' jobs.';
