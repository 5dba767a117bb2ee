-- security definer: like add_job, for a service without any right on the tables.
create or replace function ratchet.preview_plan(
  identifier text,
  payload jsonb default '{}',
  task_names text[] default null,
  tenant text default null
) returns setof ratchet.planned_task
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_specs ratchet_private.job_spec[];
begin
  v_specs := ratchet_private.plan_jobs(jsonb_build_array(jsonb_build_object(
    'identifier', preview_plan.identifier, 'payload', coalesce(preview_plan.payload, '{}'),
    'task_names', to_jsonb(preview_plan.task_names), 'tenant', preview_plan.tenant
  )));
  return query
    select p.position::integer, p.key, p.name, p.template
    from unnest(v_specs[1].plan) with ordinality p (key, template, name, input, position) order by p.position;
end
$$;
revoke all on function ratchet.preview_plan(text, jsonb, text[], text) from public;
comment on function ratchet.preview_plan(text, jsonb, text[], text) is 'The plan that a job with this payload would have now, or the error that adding it would raise. Writes nothing.';
