create or replace function ratchet_private.claim_jobs(
  p_worker_id integer, p_job_ids bigint[], p_versions text[], p_is_order boolean default false,
  p_takes_suspect boolean default true
)
returns table (
  job_id bigint, outcome text, fence integer, identifier text, version text, tenant text,
  first_position integer, payload jsonb, plan json, max_attempts integer, created_at timestamptz, holder integer,
  is_suspect boolean, timeout_at timestamptz, timeout_in_ms double precision
)
language plpgsql volatile set search_path = ''
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_mark text;
  v_now timestamptz := ratchet_private.clock_now();
  v_ids bigint[];
  v_positions integer[];
  v_locked bigint[];
  v_outcomes jsonb;
  v_claimed bigint[];
  v_suspects bigint[];
begin
  -- It drops every claim of before and comes to life again, or ends.
  if exists (select from ratchet.workers w where w.id = p_worker_id and w.stopped_at is not null) then
    return query select a.id, 'buried', null::integer, null, null, null, null::integer, null::jsonb, null::json, null::integer,
      null::timestamptz, null::integer, null::boolean, null::timestamptz, null::double precision from (select distinct unnest(p_job_ids)) a (id);
    return;
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
    where j.id = any (p_job_ids);

  -- A row that somebody's psql holds must not keep the other claims waiting.
  v_locked := array(
    select t.job_id from unnest(v_ids, v_positions) f (job_id, position)
    join ratchet.tasks t on t.job_id = f.job_id and t.position = f.position
    order by t.job_id for update of t skip locked
  ) || array(select f.job_id from unnest(v_ids, v_positions) f (job_id, position) where f.position is null);
  v_locked := array(
    select j.id from ratchet.jobs j where j.id = any (v_locked) order by j.id for update skip locked
  );

  select
    jsonb_object_agg(c.id, c.outcome),
    coalesce(array_agg(c.id) filter (where c.outcome = 'claimed'), '{}'),
    coalesce(array_agg(c.id order by c.id) filter (where c.outcome = 'claimed' and c.is_suspect), '{}')
    into v_outcomes, v_claimed, v_suspects
    from (
      select j.id, first.deaths > 0 and ratchet_private.is_suspect(first.deaths) as is_suspect, case
          when j.finished_at is not null and not (p_is_order and j.status = 'FAILED' and j.version is null and j.scrubbed_at is null) then 'finished'
          when j.worker_id is not null then 'held'
          when first.position is null then 'contradictory'
          when first.position <> f.position then 'locked'
          when p_is_order then 'claimed'
          when coalesce(j.next_attempt_at, j.run_at) > v_now then 'not due'
          when j.version is null then 'not queued'
          when j.version <> all (p_versions) then 'unknown version'
          else 'claimed'
        end as outcome
      from ratchet.jobs j
      join unnest(v_ids, v_positions) f (job_id, position) on f.job_id = j.id
      left join lateral (
        select t.position, t.deaths from ratchet.tasks t
        where t.job_id = j.id and t.status in ('PENDING', 'RUNNING', 'WAITING', 'FAILED')
        order by t.position limit 1
      ) first on true
      where j.id = any (v_locked)
    ) c;

  -- One at a time, so that it is known which one to blame when this worker dies.
  if not p_is_order then
    v_suspects := v_suspects[case when p_takes_suspect then 2 else 1 end:];
    if cardinality(v_suspects) > 0 then
      v_outcomes := v_outcomes || (select jsonb_object_agg(s.id, 'suspect') from unnest(v_suspects) s (id));
      v_claimed := array(select c.id from unnest(v_claimed) c (id) where c.id <> all (v_suspects));
    end if;
  end if;

  if v_claimed <> '{}' then
    v_mark := ratchet_private.begin_engine_change('checkpoint');
    update ratchet.jobs j set
      -- Above every task's, because a change by hand raises the fence of the task it touches alone.
      fence = 1 + greatest(j.fence, (select max(t.fence) from ratchet.tasks t where t.job_id = j.id)),
      worker_id = p_worker_id, status = 'RUNNING',
      started_at = coalesce(j.started_at, v_now), next_attempt_at = null, finished_at = null,
      timeout_at = coalesce(j.timeout_at, v_now + (
        select d.timeout from ratchet.definitions d where d.identifier = j.identifier and d.version = j.version))
      where j.id = any (v_claimed);
    update ratchet.tasks t set
      fence = j.fence, status = 'RUNNING', started_at = v_now, error_message = null, progress = null, stop_after = false
      from unnest(v_ids, v_positions) f (job_id, position)
      join ratchet.jobs j on j.id = f.job_id
      where t.job_id = f.job_id and t.position = f.position and j.id = any (v_claimed);
    perform ratchet_private.end_engine_change(v_mark);
  end if;

  return query
    select j.id, coalesce(v_outcomes ->> j.id::text, 'locked'),
      j.fence, j.identifier, j.version, j.tenant, f.position,
      case when c.is_claimed then j.payload end,
      case when c.is_claimed then (
        select json_agg(json_build_array(t.position, t.key, t.template, t.name, t.status, t.attempts, t.input) order by t.position)
        from ratchet.tasks t where t.job_id = j.id
      ) end,
      coalesce(j.max_attempts, d.max_attempts), j.created_at, j.worker_id,
      not p_is_order and (select t.deaths > 0 and ratchet_private.is_suspect(t.deaths) from ratchet.tasks t where t.job_id = j.id and t.position = f.position),
      j.timeout_at, (extract(epoch from j.timeout_at - v_now) * 1000)::double precision
    from unnest(v_ids, v_positions) f (job_id, position)
    join ratchet.jobs j on j.id = f.job_id
    left join ratchet.definitions d on d.identifier = j.identifier and d.version = j.version
    cross join lateral (select j.id = any (v_claimed) as is_claimed) c
    union all
    select a.id, 'missing', null, null, null, null, null, null, null, null, null, null, null, null, null
    from (select distinct unnest(p_job_ids)) a (id)
    where not exists (select from ratchet.jobs j where j.id = a.id);
end
$$;
comment on function ratchet_private.claim_jobs(integer, bigint[], text[], boolean, boolean) is 'Takes all of these jobs that are due and free for a worker, in one commit; says of each other one why not. p_is_order (TaskOrchestrator): due or not, and even a FAILED job outside the queue. p_takes_suspect: at most one of them may be a suspect (is_suspect), else none.';
