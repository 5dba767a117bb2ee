create or replace function ratchet_private.sweep_wake_ups(p_after bigint, p_limit integer) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_last bigint;
  v_count integer;
  v_spent bigint[];
  v_locked text[];
begin
  select max(w.id), count(*),
    coalesce(array_agg(w.id) filter (where w.attempts >= w.max_attempts and w.key is null and w.locked_at is null), '{}'),
    coalesce(array_agg(distinct w.locked_by) filter (where w.locked_at < clock_timestamp() - interval '60 seconds'), '{}')
    into v_last, v_count, v_spent, v_locked
    from (select * from graphile_worker.jobs w where w.id > p_after order by w.id limit p_limit) w;

  if v_spent <> '{}' then
    begin
      perform graphile_worker.complete_jobs(array(
        select w.id from graphile_worker.jobs w
        where w.id = any (v_spent) and w.attempts >= w.max_attempts
          and w.task_identifier in (select d.identifier from ratchet.definitions d)
          and (w.max_attempts = 32767 or exists (select from ratchet.jobs j where j.adopted_from = w.id))));
    exception when lock_not_available then
      null;
    end;
  end if;

  perform ratchet_private.unlock_wake_ups(k.id) from ratchet.workers k where k.stopped_at is not null and k.pool_ids <> '{}';
  -- A pool that died before any worker had noted it. It may as well be another program's, so it must hold wake-ups that Ratchet
  -- added and nothing else.
  perform ratchet_private.free_pools(array(
    select p from unnest(v_locked) p
    where not exists (select from ratchet.workers k where p = any (k.pool_ids))
      and not exists (
        select from graphile_worker.jobs w
        where w.locked_by = p and (w.max_attempts <> 32767 or w.locked_at > clock_timestamp() - interval '60 seconds'
          or w.task_identifier not in (select d.identifier from ratchet.definitions d)))));
  return case when v_count < p_limit then 0 else v_last end;
end
$$;
comment on function ratchet_private.sweep_wake_ups(bigint, integer) is 'Looks at the next rows of graphile-worker''s after an id: removes those of ours that are used up, and unlocks what dead pools hold. Other people''s rows are left alone. Returns where to go on (0: from the start).';
