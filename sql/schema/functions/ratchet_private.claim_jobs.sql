create or replace function ratchet_private.claim_jobs(
  p_worker_id integer, p_job_ids bigint[], p_versions text[], p_is_order boolean default false,
  p_takes_suspect boolean default true
)
returns setof ratchet_private.claim
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
-- Planned once: with arrays of other lengths Postgres would plan nearly each call anew, at 1 ms: docs/decisions/0016-hot-path-in-postgres.md
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_mark text;
  v_now timestamptz := ratchet_private.clock_now();
  v_new bigint[];
  v_new_count integer;
  v_left bigint[] := p_job_ids;
  v_ids bigint[];
  v_positions integer[];
  v_locked bigint[];
  v_locked_positions integer[];
  v_claimed bigint[];
  v_firsts integer[];
  v_fences integer[];
  v_tries integer[];
  v_timeouts interval[];
  v_suspects bigint[];
  v_suspect bigint;
  v_refused jsonb;
begin
  -- It drops every claim of before and comes to life again, or ends.
  if exists (select from ratchet.workers w where w.id = p_worker_id and w.stopped_at is not null) then
    return query select a.id, 'buried', null::integer, null, null, null, null::integer, null::jsonb, null::json, null::integer,
      null::double precision, null::integer, null::boolean, null::timestamptz, null::double precision from (select distinct unnest(p_job_ids)) a (id);
    return;
  end if;

  -- Nobody ever held a new job, and whoever changes its tasks locks it: its own row is all there is to lock.
  if not p_is_order then
    v_new := array(
      select j.id from ratchet.jobs j
      where j.id = any (p_job_ids) and j.fence = 0 and j.status = 'PENDING' and j.finished_at is null and j.run_at <= v_now
        and j.version = any (p_versions)
      order by j.id for update skip locked);
    return query select * from ratchet_private.claim_new_jobs(p_worker_id, v_new, v_now);
    get diagnostics v_new_count = row_count;
    if v_new_count = cardinality(p_job_ids) then
      return;
    end if;
    v_left := array(select unnest(p_job_ids) except (select j.id from ratchet.jobs j where j.id = any (v_new) and j.worker_id = p_worker_id));
  end if;

  -- Four statements, each with a snapshot of its own: find, lock tasks, lock jobs, and only then read what counts. A single
  -- statement would return what stood there before it waited, and run a finished task twice.
  select array_agg(j.id order by j.id), array_agg(t.position order by j.id)
    into v_ids, v_positions
    from ratchet.jobs j
    left join lateral (
      select t.position from ratchet.tasks t
      where t.job_id = j.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
      order by t.position limit 1
    ) t on true
    where j.id = any (v_left);

  -- A row that somebody's psql holds must not keep the other claims waiting.
  select array_agg(l.job_id), array_agg(l.position) into v_locked, v_locked_positions
    from (
      select t.job_id, t.position from unnest(v_ids, v_positions) f (job_id, position)
      join ratchet.tasks t on t.job_id = f.job_id and t.position = f.position
      order by t.job_id for update of t skip locked
    ) l;
  -- Jobs with nothing unfinished come last, and unnest gives them a null for the position that is not there.
  if array_position(v_positions, null) is not null then
    v_locked := v_locked || array(select f.job_id from unnest(v_ids, v_positions) f (job_id, position) where f.position is null);
  end if;
  select array_agg(l.id), array_agg(l.position) into v_ids, v_positions
    from (
      select j.id, f.position from unnest(v_locked, v_locked_positions) f (job_id, position)
      join ratchet.jobs j on j.id = f.job_id
      order by j.id for update of j skip locked
    ) l;

  select
    array_agg(c.id) filter (where c.outcome = 'claimed'),
    array_agg(c.position) filter (where c.outcome = 'claimed'),
    array_agg(c.fence) filter (where c.outcome = 'claimed'),
    array_agg(c.tries) filter (where c.outcome = 'claimed'),
    array_agg(c.timeout) filter (where c.outcome = 'claimed'),
    coalesce(array_agg(c.id order by c.id) filter (where c.outcome = 'claimed' and c.is_suspect), '{}'),
    coalesce(jsonb_object_agg(c.id, c.outcome) filter (where c.outcome <> 'claimed'), '{}')
    into v_claimed, v_firsts, v_fences, v_tries, v_timeouts, v_suspects, v_refused
    from (
      select j.id, f.position, coalesce(j.max_attempts, d.max_attempts) as tries, d.timeout,
        -- Above every task's, because a change by hand raises the fence of the task it touches alone.
        1 + greatest(j.fence, plan.fence) as fence,
        plan.deaths > 0 and ratchet_private.is_suspect(plan.deaths) as is_suspect,
        case
          when j.finished_at is not null and not (p_is_order and j.status = 'FAILED' and j.version is null and j.scrubbed_at is null) then 'finished'
          when j.worker_id is not null then 'held'
          when plan.first is null then 'contradictory'
          when plan.first is distinct from f.position then 'locked'
          when p_is_order then 'claimed'
          when coalesce(j.next_attempt_at, j.run_at) > v_now then 'not due'
          when j.version is null then 'not queued'
          when j.version <> all (p_versions) then 'unknown version'
          else 'claimed'
        end as outcome
      from unnest(v_ids, v_positions) f (job_id, position)
      join ratchet.jobs j on j.id = f.job_id
      left join ratchet.definitions d on d.identifier = j.identifier and d.version = j.version
      cross join lateral (
        select min(t.position) filter (where t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')) as first,
          max(t.deaths) filter (where t.position = f.position) as deaths, max(t.fence) as fence
        from ratchet.tasks t where t.job_id = j.id
      ) plan
    ) c;

  -- One at a time, so that it is known which one to blame when this worker dies.
  if v_suspects <> '{}' and not p_is_order then
    v_suspect := case when p_takes_suspect then v_suspects[1] end;
    v_suspects := v_suspects[case when p_takes_suspect then 2 else 1 end:];
    v_refused := v_refused || coalesce((select jsonb_object_agg(s.id, 'suspect') from unnest(v_suspects) s (id)), '{}');
    select array_agg(c.id), array_agg(c.position), array_agg(c.fence), array_agg(c.tries), array_agg(c.timeout)
      into v_claimed, v_firsts, v_fences, v_tries, v_timeouts
      from unnest(v_claimed, v_firsts, v_fences, v_tries, v_timeouts) c (id, position, fence, tries, timeout)
      where c.id <> all (v_suspects);
  end if;

  if v_claimed is not null then
    v_mark := ratchet_private.begin_engine_change('checkpoint');
    -- Whoever held a job before may still write to its first task. A job's first claim need not keep anybody from that, and its
    -- task is marked like all others, if it runs long enough.
    update ratchet.tasks t set
      fence = c.fence, status = 'RUNNING', started_at = v_now, error_message = null, progress = null, stop_after = false
      from unnest(v_claimed, v_firsts, v_fences) c (id, position, fence)
      where t.job_id = c.id and t.position = c.position and (c.fence > 1 or p_is_order);
    return query
      with claimed as (
        update ratchet.jobs j set
          fence = c.fence, worker_id = p_worker_id, status = 'RUNNING',
          started_at = coalesce(j.started_at, v_now), next_attempt_at = null, finished_at = null,
          timeout_at = coalesce(j.timeout_at, v_now + c.timeout)
          from unnest(v_claimed, v_firsts, v_fences, v_tries, v_timeouts) c (id, position, fence, tries, timeout)
          where j.id = c.id
          returning j.id, j.fence, j.identifier, j.version, j.tenant, c.position, j.payload, c.tries, j.created_at, j.timeout_at
      )
      select c.id, 'claimed', c.fence, c.identifier, c.version, c.tenant, c.position, c.payload, (
          select json_agg(json_build_array(t.position, t.key, t.template, t.name, t.status, t.attempts, t.input) order by t.position)
          from ratchet.tasks t where t.job_id = c.id
        ),
        c.tries, floor(date_part('epoch', c.created_at) * 1000), p_worker_id, c.id is not distinct from v_suspect,
        c.timeout_at, date_part('epoch', c.timeout_at - v_now) * 1000
      from claimed c;
    perform ratchet_private.end_engine_change(v_mark);
  end if;
  if coalesce(cardinality(v_claimed), 0) = cardinality(v_left) then
    return;
  end if;

  return query
    select a.id, case when j.id is null then 'missing' else coalesce(v_refused ->> a.id::text, 'locked') end,
      j.fence, null, null, null, null::integer, null::jsonb, null::json, null::integer, null::double precision, j.worker_id,
      null::boolean, null::timestamptz, null::double precision
    from (select distinct unnest(v_left)) a (id)
    left join ratchet.jobs j on j.id = a.id
    where v_claimed is null or a.id <> all (v_claimed);
end
$$;
comment on function ratchet_private.claim_jobs(integer, bigint[], text[], boolean, boolean) is 'Takes all of these jobs that are due and free for a worker, in one commit; says of each other one why not. p_is_order (TaskOrchestrator): due or not, and even a FAILED job outside the queue. p_takes_suspect: at most one of them may be a suspect (is_suspect), else none.';
