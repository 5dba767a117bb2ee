create or replace function ratchet_private.expand_plan(p_identifier text, p_templates jsonb, p_payload jsonb, p_task_names text[])
returns table (plan_position integer, key text, template text, name text, input jsonb)
language plpgsql stable set search_path = '' as $$
#variable_conflict use_column
declare
  c_most constant integer := 10000;
  v_template jsonb;
  v_items jsonb[];
  v_keys text[] := '{}';
  v_templates text[] := '{}';
  v_names text[] := '{}';
  v_inputs jsonb[] := '{}';
  v_count integer := 0;
  v_order integer[];
  v_wanted text;
  v_matches integer[];
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
          message = format('The tasks "%s" of "%s" come from the array at %s of the payload, and there is none.',
            v_template ->> 'key', p_identifier, replace(v_template ->> 'each', 'strict ', '')),
          detail = format('Postgres says: %s.', sqlerrm),
          hint = 'Give an array there, even if it has one element or none. Nothing was written.';
      end;
    end if;
    if v_count + cardinality(v_items) > c_most then
      raise exception using
        errcode = 'RT005',
        message = format('The plan of "%s" would have more than %s tasks.', p_identifier, c_most),
        hint = 'Split the payload over several jobs, or let one task work on a slice of it. Nothing was written.';
    end if;
    v_count := v_count + cardinality(v_items);
    if v_template ->> 'each' is null then
      v_keys := v_keys || (v_template ->> 'key');
      v_names := v_names || (v_template ->> 'title');
    else
      v_keys := v_keys || array(
        select format('%s[%s]', v_template ->> 'key', n) from generate_series(1, cardinality(v_items)) n);
      v_names := v_names || array(
        select replace(replace(v_template ->> 'title', '{n}', n::text), '{total}', cardinality(v_items)::text)
        from generate_series(1, cardinality(v_items)) n);
    end if;
    v_templates := v_templates || array_fill(v_template ->> 'key', array[cardinality(v_items)]);
    v_inputs := v_inputs || v_items;
  end loop;

  if p_task_names is null then
    v_order := array(select generate_series(1, v_count));
  else
    v_order := '{}';
    foreach v_wanted in array p_task_names loop
      v_matches := array(
        select i from generate_series(1, v_count) i
        where v_wanted in (v_keys[i], v_names[i], v_templates[i]) order by i);
      if cardinality(v_matches) = 0 then
        raise exception using
          errcode = 'RT008',
          message = format('"%s" has no task "%s" for this payload.', p_identifier, v_wanted),
          detail = format('Its tasks are: %s.', array_to_string(v_keys[1:20], ', ')),
          hint = 'Name tasks by key, by template key or by the name people see. Nothing was written.';
      elsif v_order && v_matches then
        raise exception using
          errcode = 'RT014',
          message = format('The task "%s" is named twice.', v_wanted),
          hint = 'Name each task once. Nothing was written.';
      end if;
      v_order := v_order || v_matches;
    end loop;
  end if;

  if cardinality(v_order) = 0 then
    raise exception using
      errcode = 'RT004',
      message = format('The plan of "%s" has no task for this payload.', p_identifier),
      detail = format('Templates: %s.',
        (select string_agg(t.value ->> 'key', ', ' order by t.n) from jsonb_array_elements(p_templates) with ordinality t (value, n))),
      hint = 'A job needs at least one task: give the arrays at least one element. Nothing was written.';
  end if;

  return query
    select o.n::integer, v_keys[o.i], v_templates[o.i], v_names[o.i], v_inputs[o.i]
    from unnest(v_order) with ordinality o (i, n);
end
$$;
comment on function ratchet_private.expand_plan(text, jsonb, jsonb, text[]) is 'The ordered tasks that the templates make of a payload; with task names only those, in that order.';
