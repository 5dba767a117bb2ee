create or replace function ratchet_private.write_jobs(p_specs jsonb, p_ids bigint[]) returns bigint[]
language plpgsql volatile set search_path = '' as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_written bigint[];
begin
  with spec as materialized (
    select * from ratchet_private.read_job_specs(p_specs)
  ), written as (
    insert into ratchet.jobs (
      id, identifier, version, tenant, priority, max_attempts, retry_delay, run_at, created_at, queue_name, job_key, payload
    ) overriding system value
    select p_ids[s.n], s.identifier, s.version, s.tenant, s.priority, s.max_attempts, s.retry_delay,
      coalesce(s.run_at, v_now), v_now, s.queue_name, s.job_key, s.payload
    from spec s
    where p_ids[s.n] is not null
    on conflict (tenant, job_key) where finished_at is null and job_key is not null do nothing
    returning id
  ), planned as (
    insert into ratchet.tasks (job_id, position, key, template, name, input)
    select w.id, t.plan_position, t.key, t.template, t.name, t.input
    from spec s
    join written w on w.id = p_ids[s.n]
    cross join lateral ratchet_private.expand_plan(s.identifier, s.templates, s.payload, s.task_names) t
  )
  select coalesce(array_agg(id), '{}') into v_written from written;
  return v_written;
end
$$;
comment on function ratchet_private.write_jobs(jsonb, bigint[]) is 'Checks all specs and writes those that have an id, with their plans; leaves out, and does not return, a job whose key an unfinished job has.';
