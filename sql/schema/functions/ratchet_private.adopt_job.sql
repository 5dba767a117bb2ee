create or replace function ratchet_private.adopt_job(
  p_identifier text, p_payload text, p_graphile_job_id bigint, p_queue_name text, p_priority integer, p_run_at timestamptz
) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_mark text;
  v_id bigint;
  v_now timestamptz := ratchet_private.clock_now();
  v_reason text;
  v_payload jsonb := '{}';
begin
  select j.id into v_id from ratchet.jobs j where j.adopted_from = p_graphile_job_id;
  if found then
    return v_id;
  end if;
  v_mark := ratchet_private.begin_engine_change('order');
  begin
    v_payload := coalesce(p_payload::jsonb, 'null');
    v_id := (ratchet_private.write_jobs(ratchet_private.read_job_specs(
      jsonb_build_array(jsonb_build_object(
        'identifier', p_identifier, 'payload', v_payload, 'priority', p_priority, 'queue_name', p_queue_name, 'run_at', p_run_at)))))[1];
    update ratchet.jobs j set adopted_from = p_graphile_job_id where j.id = v_id;
  exception
    when unique_violation then
      -- A second pick-up of the same row was quicker.
      perform ratchet_private.end_engine_change(v_mark);
      return (select j.id from ratchet.jobs j where j.adopted_from = p_graphile_job_id);
    when others then
      if left(sqlstate, 2) not in ('RT', '22', '54') then
        raise;
      end if;
      v_reason := format('graphile-worker job %s cannot be planned: %s', p_graphile_job_id, sqlerrm);
      v_id := nextval('ratchet.jobs_id_seq');
      insert into ratchet.jobs (id, identifier, status, run_at, created_at, finished_at, queue_name, priority, adopted_from, payload)
        overriding system value
        values (v_id, p_identifier, 'FAILED', p_run_at, v_now, v_now, p_queue_name, p_priority, p_graphile_job_id, v_payload)
        on conflict (adopted_from) where adopted_from is not null do nothing;
      if found then
        insert into ratchet.tasks (job_id, position, key, template, name, status, error_message)
          values (v_id, 1, 'plan', 'plan', 'Plan the tasks', 'FAILED', v_reason);
      end if;
  end;
  perform ratchet_private.end_engine_change(v_mark);
  return (select j.id from ratchet.jobs j where j.adopted_from = p_graphile_job_id);
end
$$;
comment on function ratchet_private.adopt_job(text, text, bigint, text, integer, timestamptz) is 'Makes a tracked job of a graphile-worker job that was added without Ratchet, once; what cannot be planned becomes a FAILED job that says why.';
