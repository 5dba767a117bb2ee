create or replace function ratchet_private.free_pools(p_pool_ids text[]) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_last_tries bigint[];
begin
  if p_pool_ids = '{}' then
    return true;
  end if;
  v_last_tries := array(
    select w.id from graphile_worker.jobs w
    where w.locked_by = any (p_pool_ids) and w.attempts >= w.max_attempts
      and w.task_identifier in (select d.identifier from ratchet.definitions d)
  );
  perform graphile_worker.force_unlock_workers(p_pool_ids);
  -- Nobody fetches these again. What became a job has a wake-up of its own; what did not has never run.
  perform graphile_worker.complete_jobs(array(
    select w.id from graphile_worker.jobs w
    where w.id = any (v_last_tries)
      and (w.max_attempts = 32767 or exists (select from ratchet.jobs j where j.adopted_from = w.id))));
  perform graphile_worker.reschedule_jobs(v_last_tries, attempts => 0);
  return true;
exception when lock_not_available then
  return false;
end
$$;
comment on function ratchet_private.free_pools(text[]) is 'Unlocks what pools of graphile-worker''s that are gone hold: rows and named queues. A row that was adopted and is used up is removed; one that was fetched for the last time and never adopted may be fetched again. False if somebody holds one of the rows for longer than lock_timeout: then nothing is unlocked, and the sweep tries again.';
