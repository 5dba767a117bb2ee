create or replace function ratchet_private.take_job_key(p_spec ratchet_private.job_spec) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_old ratchet.jobs;
  v_old_id bigint;
  v_new_id bigint;
  v_first integer;
  v_has_started boolean;
begin
  v_new_id := nextval('ratchet.jobs_id_seq');
  loop
    v_old_id := ratchet_private.job_with_key(p_spec.tenant, p_spec.job_key);

    if v_old_id is null then
      -- Under READ COMMITTED a job with this key may have been committed since we looked: then nothing is written, and we look again.
      insert into ratchet.jobs (
        id, identifier, version, tenant, priority, max_attempts, retry_delay, run_at, created_at, queue_name, job_key, payload
      ) overriding system value values (
        v_new_id, p_spec.identifier, p_spec.version, p_spec.tenant, p_spec.priority, p_spec.max_attempts, p_spec.retry_delay,
        coalesce(p_spec.run_at, v_now), v_now, p_spec.queue_name, p_spec.job_key, p_spec.payload
      ) on conflict (tenant, job_key) where finished_at is null and job_key is not null do nothing;
      continue when not found;
      insert into ratchet.tasks (job_id, position, key, template, name, input)
        select v_new_id, t.position, t.key, t.template, t.name, t.input
        from unnest(p_spec.plan) with ordinality t (key, template, name, input, position);
      return v_new_id;
    end if;

    v_old := ratchet_private.lock_job(v_old_id);
    if v_old.id is null or v_old.finished_at is not null or v_old.job_key is distinct from p_spec.job_key then
      continue;
    end if;
    if p_spec.job_key_mode = 'unsafe_dedupe' then
      return v_old.id;
    end if;

    v_first := ratchet_private.first_unfinished(v_old.id);
    v_has_started := v_old.status <> 'PENDING' or v_old.fence > 0 or exists (
      select from ratchet.tasks t where t.job_id = v_old.id and t.status <> 'PENDING');
    if not v_has_started then
      delete from ratchet.tasks t where t.job_id = v_old.id;
      insert into ratchet.tasks (job_id, position, key, template, name, input)
        select v_old.id, t.position, t.key, t.template, t.name, t.input
        from unnest(p_spec.plan) with ordinality t (key, template, name, input, position);
      update ratchet.jobs j set
        identifier = p_spec.identifier, version = p_spec.version, payload = p_spec.payload, priority = p_spec.priority,
        max_attempts = p_spec.max_attempts, retry_delay = p_spec.retry_delay, queue_name = p_spec.queue_name,
        run_at = case p_spec.job_key_mode when 'preserve_run_at' then j.run_at else coalesce(p_spec.run_at, v_now) end
        where j.id = v_old.id;
      return v_old.id;
    end if;

    -- A held job may end the try it is in; anything else of it will not start.
    update ratchet.jobs j set
      job_key = null, cancelled_at = v_now, cancel_reason = format('replaced by job %s', v_new_id)
      where j.id = v_old.id;
    if v_old.worker_id is not null then
      update ratchet.tasks t set stop_after = true where t.job_id = v_old.id and t.position = v_first;
      perform ratchet_private.cancel_unfinished_tasks(v_old.id, v_first, v_old.fence + 1);
    else
      update ratchet.jobs j set fence = v_old.fence + 1 where j.id = v_old.id;
      perform ratchet_private.cancel_unfinished_tasks(v_old.id, 0, v_old.fence + 1);
      perform graphile_worker.remove_job('ratchet:' || v_old.id);
    end if;
  end loop;
end
$$;
comment on function ratchet_private.take_job_key(ratchet_private.job_spec) is 'Adds a job with a user''s key by the table in docs/job-keys.md and returns the id of the job that now has the key.';
