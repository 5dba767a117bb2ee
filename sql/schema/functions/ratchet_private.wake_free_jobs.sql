create or replace function ratchet_private.wake_free_jobs(p_job_ids bigint[]) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_job_id bigint;
  v_woken bigint[] := '{}';
begin
  begin
    perform ratchet_private.add_wake_ups(p_job_ids);
    return p_job_ids;
  exception when lock_not_available then
    -- Somebody holds a row of graphile-worker's. The others do not wait for it.
    null;
  end;
  foreach v_job_id in array p_job_ids loop
    begin
      perform ratchet_private.add_wake_ups(array[v_job_id]);
      v_woken := v_woken || v_job_id;
    exception when lock_not_available then
      continue;
    end;
  end loop;
  return v_woken;
end
$$;
comment on function ratchet_private.wake_free_jobs(bigint[]) is 'Adds a wake-up for each of these jobs that nobody holds; returns which. Passes over those whose old wake-up somebody locks for longer than lock_timeout: the sweep comes back to them.';
