create or replace function ratchet_private.pick_tasks(
  p_where text, p_identifier text, p_plan ratchet_private.planned_task[], p_task_names text[]
) returns ratchet_private.planned_task[]
language plpgsql stable set search_path = pg_catalog, pg_temp
-- Joined by label and hash, whatever insert_jobs has turned off: a comparison of each name with each task takes half a minute for
-- 10,000 of both.
set enable_hashjoin = on set enable_nestloop = off as $$
declare
  v_picked ratchet_private.planned_task[];
  v_bad text;
begin
  with planned as (
    select p.* from unnest(p_plan) with ordinality p (key, template, name, input, position)
  ), label as (
    select p.key as name, p.position from planned p
    union select p.template, p.position from planned p
    union select p.name, p.position from planned p
  ), wanted as (
    select w.name, w.n, l.position from unnest(p_task_names) with ordinality w (name, n) left join label l on l.name = w.name
  )
  select
    array_agg(row(p.key, p.template, p.name, p.input)::ratchet_private.planned_task order by w.n, w.position),
    (select w.name from wanted w where w.position is null order by w.n limit 1)
    into v_picked, v_bad
    from wanted w join planned p on p.position = w.position;
  if v_bad is not null then
    raise exception using
      errcode = 'RT008',
      message = format('%s"%s" has no task "%s" for this payload.', p_where, p_identifier, v_bad),
      detail = format('Its tasks are: %s.',
        (select string_agg(p.key, ', ' order by p.position) || case when cardinality(p_plan) > 20 then ' …' else '' end
          from unnest(p_plan[:20]) with ordinality p (key, template, name, input, position))),
      hint = 'Name tasks by key, by template key or by the name people see. Nothing was written.';
  end if;
  if (select count(*) > count(distinct p.key) from unnest(v_picked) p) then
    raise exception using
      errcode = 'RT014',
      message = format('%sThe task "%s" is named twice.', p_where,
        (select p.key from unnest(v_picked) with ordinality p (key, template, name, input, position)
          group by p.key having count(*) > 1 order by min(p.position) limit 1)),
      hint = 'Name each task once. Nothing was written.';
  end if;
  return coalesce(v_picked, '{}');
end
$$;
comment on function ratchet_private.pick_tasks(text, text, ratchet_private.planned_task[], text[]) is 'The tasks of a plan that are named by key, template key or name, in that order. Messages of its errors begin with p_where.';
