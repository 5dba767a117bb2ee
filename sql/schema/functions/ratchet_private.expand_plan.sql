create or replace function ratchet_private.expand_plan(p_where text, p_identifier text, p_templates jsonb, p_payload jsonb, p_task_names text[])
returns ratchet_private.planned_task[]
language plpgsql stable set search_path = ''
-- insert_jobs turns it off, and then 10,000 names take half a minute to find their tasks.
set enable_hashjoin = on as $$
declare
  c_most constant integer := 10000;
  v_template jsonb;
  v_items jsonb[];
  v_plan ratchet_private.planned_task[] := '{}';
  v_picked ratchet_private.planned_task[];
  v_bad text;
begin
  for v_template in select t.value from jsonb_array_elements(p_templates) with ordinality t (value, n) order by t.n loop
    if v_template ->> 'each' is null then
      v_items := array[null::jsonb];
    else
      begin
        v_items := array(select m from jsonb_path_query(p_payload, (v_template ->> 'each')::jsonpath) m limit c_most + 1);
      exception when data_exception then
        raise exception using
          errcode = 'RT003',
          message = format('%sThe tasks "%s" of "%s" come from the array at %s of the payload, and there is none.',
            p_where, v_template ->> 'key', p_identifier, replace(v_template ->> 'each', 'strict ', '')),
          detail = format('Postgres says: %s.', sqlerrm),
          hint = 'Give an array there, even if it has one element or none. If the definition was changed since it was registered, run "ratchet migrate". Nothing was written.';
      end;
    end if;
    if cardinality(v_plan) + cardinality(v_items) > c_most then
      raise exception using
        errcode = 'RT005',
        message = format('%sThe plan of "%s" would have more than %s tasks.', p_where, p_identifier, c_most),
        hint = 'Split the payload over several jobs, or let one task work on a slice of it. Nothing was written.';
    end if;
    v_plan := v_plan || array(
      select row(
        cardinality(v_plan) + i.n,
        case when v_template ->> 'each' is null then v_template ->> 'key' else format('%s[%s]', v_template ->> 'key', i.n) end,
        v_template ->> 'key',
        case when v_template ->> 'each' is null then v_template ->> 'title'
          else replace(replace(v_template ->> 'title', '{n}', i.n::text), '{total}', cardinality(v_items)::text) end,
        i.item
      )::ratchet_private.planned_task
      from unnest(v_items) with ordinality i (item, n) order by i.n);
  end loop;

  if p_task_names is not null then
    -- Joined by label, because a comparison of each name with each task takes half a minute for 10,000 of both.
    with label as (
      select p.key as name, p.position from unnest(v_plan) p
      union select p.template, p.position from unnest(v_plan) p
      union select p.name, p.position from unnest(v_plan) p
    ), wanted as (
      select w.name, w.n, l.position from unnest(p_task_names) with ordinality w (name, n) left join label l on l.name = w.name
    )
    select
      array_agg(row(w.place, p.key, p.template, p.name, p.input)::ratchet_private.planned_task order by w.place),
      (select w.name from wanted w where w.position is null order by w.n limit 1)
      into v_picked, v_bad
      from (select row_number() over (order by n, position) as place, position from wanted where position is not null) w
      join unnest(v_plan) p on p.position = w.position;
    if v_bad is not null then
      raise exception using
        errcode = 'RT008',
        message = format('%s"%s" has no task "%s" for this payload.', p_where, p_identifier, v_bad),
        detail = format('Its tasks are: %s.',
          (select string_agg(p.key, ', ' order by p.position) || case when cardinality(v_plan) > 20 then ' …' else '' end
            from unnest(v_plan) p where p.position <= 20)),
        hint = 'Name tasks by key, by template key or by the name people see. Nothing was written.';
    end if;
    if (select count(*) > count(distinct p.key) from unnest(v_picked) p) then
      raise exception using
        errcode = 'RT014',
        message = format('%sThe task "%s" is named twice.', p_where,
          (select p.key from unnest(v_picked) p group by p.key having count(*) > 1 order by min(p.position) limit 1)),
        hint = 'Name each task once. Nothing was written.';
    end if;
    v_plan := coalesce(v_picked, '{}');
  end if;

  if cardinality(v_plan) = 0 then
    raise exception using
      errcode = 'RT004',
      message = format('%sThe plan of "%s" has no task for this payload.', p_where, p_identifier),
      detail = format('Templates: %s.', coalesce(
        (select string_agg(t.value ->> 'key', ', ' order by t.n) from jsonb_array_elements(p_templates) with ordinality t (value, n)), 'none')),
      hint = 'A job needs at least one task: give an array with an element, or leave task_names out. Nothing was written.';
  end if;
  return v_plan;
end
$$;
comment on function ratchet_private.expand_plan(text, text, jsonb, jsonb, text[]) is 'The ordered tasks that the templates make of a payload; with task names only those, in that order. Messages of its errors begin with p_where.';
