create or replace function ratchet_private.grant_rights() returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_table regclass;
begin
  -- Nothing private can be called by anybody but what is said here.
  revoke all on all functions in schema ratchet_private from public;
  -- Policies call the one with the rights of whoever reads, and a server asks the other: each tells about oneself.
  grant execute on function ratchet_private.visible_tenants, ratchet_private.believes_claims to public;

  -- Made once, because a policy of a table in use takes a lock that nobody lets go of under load: one that changes gets another
  -- name here, and a migration drops the old one.
  if not exists (select from pg_policy p where p.polname = 'jobs_of_visible_tenants' and p.polrelid = 'ratchet.jobs'::regclass) then
    -- In parentheses with a select of its own, so that the function is called once a statement and not once a row.
    create policy jobs_of_visible_tenants on ratchet.jobs using (tenant = any ((select ratchet_private.visible_tenants())::text[]));
    create policy audit_of_visible_tenants on ratchet.audit using (tenant = any ((select ratchet_private.visible_tenants())::text[]));
    -- Row security of the jobs holds in the subqueries too.
    create policy tasks_of_visible_jobs on ratchet.tasks using (exists (select from ratchet.jobs j where j.id = job_id));
    create policy task_failures_of_visible_jobs on ratchet.task_failures using (exists (select from ratchet.jobs j where j.id = job_id));
    -- They belong to no tenant; who may read them at all is a question of rights.
    create policy definitions_of_everybody on ratchet.definitions for select using (true);
  end if;

  if (select count(*) from pg_roles where rolname in ('ratchet_enqueuer', 'ratchet_viewer', 'ratchet_operator', 'ratchet_admin')) < 4 then
    return false;
  end if;
  -- What an older version granted and this one does not.
  revoke all on all tables in schema ratchet from ratchet_enqueuer, ratchet_viewer, ratchet_operator, ratchet_admin;
  revoke all on all functions in schema ratchet from ratchet_enqueuer, ratchet_viewer, ratchet_operator, ratchet_admin;
  revoke all on all functions in schema ratchet_private from ratchet_enqueuer, ratchet_viewer, ratchet_operator, ratchet_admin;
  revoke all on all tables in schema ratchet_private from ratchet_enqueuer, ratchet_viewer, ratchet_operator, ratchet_admin;

  grant usage on schema ratchet to ratchet_enqueuer, ratchet_viewer;

  grant execute on function ratchet.add_job, ratchet.add_jobs, ratchet.preview_plan to ratchet_enqueuer;

  grant select on ratchet.definitions, ratchet.task_failures, ratchet.audit, ratchet.workers, ratchet.job_overview,
      ratchet.task_overview, ratchet.worker_overview, ratchet.queue_overview
    to ratchet_viewer;
  -- Not payload, input and result, which definitions can hide: functions give them.
  grant select (id, identifier, version, tenant, status, fence, worker_id, priority, max_attempts, retry_delay, run_at,
      next_attempt_at, created_at, started_at, timeout_at, finished_at, cancelled_at, cancel_reason, scrubbed_at, queue_name,
      job_key, adopted_from)
    on ratchet.jobs to ratchet_viewer;
  grant select (job_id, position, status, fence, attempts, deaths, stop_after, progress, started_at, completed_at, key, template,
      name, error_message)
    on ratchet.tasks to ratchet_viewer;
  grant execute on function ratchet.jobs_payload, ratchet.tasks_input, ratchet.tasks_result, ratchet.explain_job,
      ratchet.jobs_current_task, ratchet.jobs_explanation, ratchet.jobs_finished_task_count, ratchet.jobs_is_final,
      ratchet.jobs_progress, ratchet.jobs_task_count, ratchet.jobs_will_retry, ratchet.jobs_eta_seconds, ratchet.queue_stats,
      ratchet.queue_history
    to ratchet_viewer;
  -- What these call with the caller's rights.
  grant usage on schema ratchet_private to ratchet_viewer;
  grant execute on function ratchet_private.clock_now, ratchet_private.recent_jobs, ratchet_private.jobs_with_payload,
      ratchet_private.jobs_with_text, ratchet_private.describe_span, ratchet_private.text_bar, ratchet_private.text_line,
      ratchet_private.live_versions
    to ratchet_viewer;
  grant select on ratchet_private.clock to ratchet_viewer;

  grant select on ratchet.jobs, ratchet.tasks to ratchet_operator;
  grant execute on function ratchet.cancel_job, ratchet.retry_job, ratchet.skip_task, ratchet.complete_task,
      ratchet.reschedule_job, ratchet.cancel_jobs, ratchet.retry_jobs
    to ratchet_operator;

  grant select on ratchet.violations to ratchet_admin;
  grant execute on function ratchet.all_violations, ratchet.prune_jobs, ratchet.scrub_job,
      ratchet_private.find_violations
    to ratchet_admin;

  foreach v_table in array array['ratchet.jobs', 'ratchet.tasks', 'ratchet.task_failures', 'ratchet.audit', 'ratchet.workers']::regclass[] loop
    if not exists (select from pg_policy p where p.polrelid = v_table and p.polname = 'all_rows_for_admin') then
      execute format('create policy all_rows_for_admin on %s to ratchet_admin using (true)', v_table);
    end if;
  end loop;
  return true;
end
$$;
comment on function ratchet_private.grant_rights() is 'Says who sees which rows, and grants the four roles exactly what they may do if all of them exist; returns whether they do. Run at the end of each migration.';
