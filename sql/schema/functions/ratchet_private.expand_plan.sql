create or replace function ratchet_private.expand_plan(p_where text, p_identifier text, p_templates jsonb, p_payload jsonb, p_task_names text[])
returns ratchet_private.planned_task[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  c_most constant integer := 10000;
  v_template jsonb;
  v_key text;
  v_title text;
  v_each text;
  v_items jsonb;
  v_total integer;
  v_plan ratchet_private.planned_task[] := '{}';
begin
  -- No statement in here needs the executor, which would cost more than all the rest.
  for v_n in 0 .. jsonb_array_length(p_templates) - 1 loop
    v_template := p_templates -> v_n;
    v_key := v_template ->> 'key';
    v_title := v_template ->> 'title';
    v_each := v_template ->> 'each';
    if v_each is null then
      v_total := 1;
    else
      begin
        v_items := jsonb_path_query_array(p_payload, v_each::jsonpath);
        v_total := jsonb_array_length(v_items);
      exception when data_exception then
        raise exception using
          errcode = 'RT003',
          message = format('%sThe tasks "%s" of "%s" come from the array at %s of the payload, and there is none.',
            p_where, v_key, p_identifier, replace(v_each, 'strict ', '')),
          detail = format('Postgres says: %s.', sqlerrm),
          hint = 'Give an array there, even if it has one element or none. If the definition was changed since it was registered, run "ratchet migrate". Nothing was written.';
      end;
    end if;
    if cardinality(v_plan) + v_total > c_most then
      raise exception using
        errcode = 'RT005',
        message = format('%sThe plan of "%s" would have more than %s tasks.', p_where, p_identifier, c_most),
        hint = 'Split the payload over several jobs, or let one task work on a slice of it. Nothing was written.';
    end if;
    if v_each is null then
      v_plan := v_plan || row(v_key, v_key, v_title, null)::ratchet_private.planned_task;
    else
      for v_item in 1 .. v_total loop
        v_plan := v_plan || row(
          v_key || '[' || v_item || ']', v_key,
          replace(replace(v_title, '{n}', v_item::text), '{total}', v_total::text), v_items -> (v_item - 1)
        )::ratchet_private.planned_task;
      end loop;
    end if;
  end loop;

  if p_task_names is not null then
    v_plan := ratchet_private.pick_tasks(p_where, p_identifier, v_plan, p_task_names);
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
